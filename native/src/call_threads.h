#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

/**
 * The threads that libvirt calls run on, shared by all environments of the process. A call never waits for
 * another: it gets an idle thread or a new one. Threads that stay idle end.
 */
class CallThreads {
 public:
  using Work = std::function<void()>;

  static CallThreads& Shared();

  /** False when there is no thread to be had; the work is then not done. */
  bool Run(Work work);

  /** Idle ones included. */
  int Count();

 private:
  static void ThreadMain();
  void ServeUntilIdle();

  std::mutex mutex_;
  std::condition_variable work_came_;
  /** Each entry has a thread of its own: one that was idle or one just started. */
  std::deque<Work> handed_over_;
  int threads_ = 0;
  /** Idle threads that no entry of handed_over_ is meant for. */
  int idle_ = 0;
};
