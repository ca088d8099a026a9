#pragma once

#include <libvirt/libvirt.h>

#include <cstdint>
#include <memory>

#include "environment.h"

/**
 * Tells an environment about the end of a connection. libvirt is given its number and no pointer: it takes a
 * close callback also for a driver that has no use for one, and then never frees what came with it.
 */
class CloseNotice {
 public:
  CloseNotice(std::shared_ptr<Mailbox> mailbox, Environment::ListenerId listener);
  ~CloseNotice();
  CloseNotice(const CloseNotice&) = delete;
  CloseNotice& operator=(const CloseNotice&) = delete;

  /** The callback for libvirt and what it must be given. Does nothing once the notice is gone. */
  static void Post(virConnectPtr, int reason, void* number);
  void* number() const { return reinterpret_cast<void*>(number_); }

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  const Environment::ListenerId listener_;
  uintptr_t number_;
};
