#include "environment.h"

#include <unistd.h>

#include <iterator>
#include <utility>
#include <vector>

namespace {

/** The environment of the process's first thread ends with the process, that of a worker before. */
bool ProcessEnds() { return gettid() == getpid(); }

}  // namespace

Environment::Environment(Napi::Env env) : mailbox_(std::make_shared<Mailbox>(env)) {
  // Hooks run last in, first out: this one, registered after the thread-safe function was made, runs before
  // Node destroys that function.
  env.AddCleanupHook([this] { End(); });
}

void Environment::End() {
  mailbox_->Close();
  listeners_.clear();
  // A worker's connections are closed on call threads (~Session). At the end of the process nothing is
  // closed: libvirt would still be at it while the process takes its libraries apart. The kernel closes the
  // sockets.
  if (ProcessEnds()) {
    static auto* const left_open = new std::vector<std::set<std::shared_ptr<Session>>>;
    left_open->push_back(std::move(sessions_));
  }
  sessions_.clear();
}

void Environment::CallStarted(Napi::Env env) {
  if (calls_out_++ == 0) mailbox_->KeepAlive(env, true);
}

void Environment::CallSettled(Napi::Env env) {
  if (--calls_out_ == 0) mailbox_->KeepAlive(env, false);
}

void Environment::Drop(const std::shared_ptr<Session>& session) {
  for (auto listener = listeners_.begin(); listener != listeners_.end();) {
    listener = listener->second.session == session.get() ? listeners_.erase(listener) : std::next(listener);
  }
  sessions_.erase(session);
}

Environment::ListenerId Environment::AddListener(const std::shared_ptr<Session>& session,
                                                 Napi::Function listener) {
  listeners_.emplace(++last_listener_, Listener{session.get(), Napi::Persistent(listener)});
  return last_listener_;
}

void Environment::CallListener(ListenerId id, std::initializer_list<napi_value> arguments) {
  const auto listener = listeners_.find(id);
  if (listener != listeners_.end()) listener->second.function.Call(arguments);
}
