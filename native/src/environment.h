#pragma once

#include <napi.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>

#include "mailbox.h"
#include "session.h"

/** What belongs to one environment (the main thread or a worker). Used on its JavaScript thread only. */
class Environment {
 public:
  using ListenerId = uint32_t;

  explicit Environment(Napi::Env env);
  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  /** Calls that are out keep the process alive; open connections do not. */
  void CallStarted(Napi::Env env);
  void CallSettled(Napi::Env env);

  void Adopt(std::shared_ptr<Session> session) { sessions_.insert(std::move(session)); }
  /** Forgets the session and its listeners. */
  void Drop(const std::shared_ptr<Session>& session);

  ListenerId AddListener(const std::shared_ptr<Session>& session, Napi::Function listener);
  /** Does nothing when the listener's session was dropped meanwhile. */
  void CallListener(ListenerId id, std::initializer_list<napi_value> arguments);

 private:
  struct Listener {
    const Session* session;
    Napi::FunctionReference function;
  };

  void End();

  std::shared_ptr<Mailbox> mailbox_;
  std::set<std::shared_ptr<Session>> sessions_;
  std::map<ListenerId, Listener> listeners_;
  ListenerId last_listener_ = 0;
  int calls_out_ = 0;
};
