#pragma once

#include <napi.h>

#include <functional>
#include <mutex>

/**
 * What other threads tell the JavaScript thread of one environment. Outlives its environment, held by whoever
 * may still want to post; then nothing is delivered any more.
 */
class Mailbox {
 public:
  /** Runs on the JavaScript thread. Destroyed anywhere, undelivered when the environment has ended. */
  using Letter = std::function<void(Napi::Env)>;

  explicit Mailbox(Napi::Env env);

  void Post(Letter letter);

  /** On the JavaScript thread: whether the process stays alive for letters to come. */
  void KeepAlive(Napi::Env env, bool alive);

  /** On the JavaScript thread, when the environment ends and before Node destroys the thread-safe function.
   */
  void Close();

 private:
  static void Deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Letter* letter);
  using Function = Napi::TypedThreadSafeFunction<std::nullptr_t, Letter, Deliver>;

  std::mutex mutex_;
  bool closed_ = false;
  Function function_;
};
