#include "mailbox.h"

#include <memory>
#include <utility>

Mailbox::Mailbox(Napi::Env env) : function_(Function::New(env, "node-libvirt", 0, 1)) {
  function_.Unref(env);
}

void Mailbox::Post(Letter letter) {
  auto owned = std::make_unique<Letter>(std::move(letter));
  // Node aborts the process when a destroyed thread-safe function is called, so Close must not come in
  // between.
  const std::lock_guard lock(mutex_);
  if (!closed_ && function_.NonBlockingCall(owned.get()) == napi_ok) owned.release();
}

void Mailbox::KeepAlive(Napi::Env env, bool alive) {
  if (alive) {
    function_.Ref(env);
  } else {
    function_.Unref(env);
  }
}

void Mailbox::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  function_.Abort();
}

void Mailbox::Deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Letter* letter) {
  const std::unique_ptr<Letter> owned(letter);
  // Node empties the queue of an environment that has ended by calls without one.
  if (env != nullptr) (*owned)(env);
}
