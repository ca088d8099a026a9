#include "event_loop.h"

#include <libvirt/libvirt.h>
#include <unistd.h>

#include <mutex>

#include "own_thread.h"

namespace {

void Loop() {
  constexpr useconds_t pause_after_failure = 100'000;
  // The default implementation wakes itself when a handle or a timer is added, so it needs no timer of ours.
  while (true) {
    if (virEventRunDefaultImpl() < 0) usleep(pause_after_failure);
  }
}

}  // namespace

MaybeFault StartEventLoop() {
  // Never freed: call threads may come here while the process ends.
  static auto* const mutex = new std::mutex;
  static bool registered = false;
  static bool running = false;
  const std::lock_guard lock(*mutex);
  if (!registered) {
    if (MaybeFault fault = FaultIf(virEventRegisterDefaultImpl() < 0, "virEventRegisterDefaultImpl"))
      return fault;
    registered = true;
  }
  if (!running) running = StartOwnThread(Loop);
  if (!running) return Refusal("cannot start the thread of libvirt's event loop");
  return std::nullopt;
}
