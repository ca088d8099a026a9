#include "call_threads.h"

#include <chrono>
#include <utility>

#include "own_thread.h"

namespace {

/** Whoever has this many calls out has lost count of its hung ones. */
constexpr int max_threads = 256;
constexpr auto idle_time = std::chrono::seconds(60);

}  // namespace

CallThreads& CallThreads::Shared() {
  // Never freed: hung calls may return while the process ends.
  static auto* const shared = new CallThreads;
  return *shared;
}

bool CallThreads::Run(Work work) {
  const std::lock_guard lock(mutex_);
  if (idle_ > 0) {
    --idle_;
  } else {
    if (threads_ == max_threads || !StartOwnThread(ThreadMain)) return false;
    ++threads_;
  }
  handed_over_.push_back(std::move(work));
  work_came_.notify_one();
  return true;
}

int CallThreads::Count() {
  const std::lock_guard lock(mutex_);
  return threads_;
}

void CallThreads::ThreadMain() { Shared().ServeUntilIdle(); }

void CallThreads::ServeUntilIdle() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!work_came_.wait_for(lock, idle_time, [this] { return !handed_over_.empty(); })) {
      // Nothing is handed over, so this thread is one of the idle ones.
      --idle_;
      --threads_;
      return;
    }
    Work work = std::move(handed_over_.front());
    handed_over_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
    ++idle_;
  }
}
