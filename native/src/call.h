#pragma once

#include <napi.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "call_threads.h"
#include "environment.h"
#include "fault.h"
#include "js_values.h"
#include "session.h"

using SessionHandle = Napi::External<std::shared_ptr<Session>>;

inline const std::shared_ptr<Session>& SessionOf(const Napi::Value& handle) {
  return *handle.As<SessionHandle>().Data();
}

/** Calls of the process that have been handed to a thread and have not returned. */
inline std::atomic<int> calls_out{0};

/** What one call carries between its two halves. */
template <typename Result>
struct Call {
  explicit Call(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}
  /** Touched on the JavaScript thread only; never settled when the environment ends first. */
  Napi::Promise::Deferred deferred;
  Result result{};
  MaybeFault fault;
};

template <typename Result, typename Answer>
void Settle(Napi::Env env, Call<Result>& call, const Answer& answer) {
  if (call.fault) {
    call.deferred.Reject(ToJs(env, *call.fault));
  } else {
    call.deferred.Resolve(answer(env, call.result));
  }
  Environment::Of(env).CallSettled(env);
}

/**
 * Starts one libvirt call and returns its promise.
 * @param work the thread half, `MaybeFault(Result&)`: on a call thread, without JavaScript.
 * @param answer the JavaScript half, `Napi::Value(Napi::Env, Result&)`: on the JavaScript thread, without
 * libvirt.
 * @param session kept until the thread half is done; null while there is none.
 */
template <typename Result, typename Work, typename Answer>
Napi::Value StartCall(Napi::Env env, std::shared_ptr<Session> session, Work work, Answer answer) {
  Environment& environment = Environment::Of(env);
  auto call = std::make_shared<Call<Result>>(env);
  const Napi::Promise promise = call->deferred.Promise();
  if (session) session->Enter();
  environment.CallStarted(env);
  ++calls_out;
  const bool started = CallThreads::Shared().Run([=, mailbox = environment.mailbox()] {
    call->fault = work(call->result);
    if (session) session->Leave();
    --calls_out;
    mailbox->Post([call, answer](Napi::Env js) { Settle(js, *call, answer); });
  });
  if (!started) {
    --calls_out;
    if (session) session->Leave();
    call->fault = Refusal("no thread for another call: too many are out, or the system gives none");
    Settle(env, *call, answer);
  }
  return promise;
}

/** Takes over a text that libvirt allocated. */
inline MaybeFault TakeText(char* allocated, std::string& text, const char* call) {
  if (allocated != nullptr) text = allocated;
  free(allocated);
  return FaultIf(allocated == nullptr, call);
}

/** A call about the connection that the first argument is. `work(virConnectPtr, Result&)` */
template <typename Result, typename Work, typename Answer>
Napi::Value ConnectionCall(const Napi::CallbackInfo& info, Work work, Answer answer) {
  const std::shared_ptr<Session>& session = SessionOf(info[0]);
  return StartCall<Result>(
      info.Env(), session, [session, work](Result& result) { return work(session->connection(), result); },
      answer);
}

/** A call about the domain whose UUID is the second argument. `work(virDomainPtr, Result&)` */
template <typename Result, typename Work, typename Answer>
Napi::Value DomainCall(const Napi::CallbackInfo& info, Work work, Answer answer) {
  const std::shared_ptr<Session>& session = SessionOf(info[0]);
  return StartCall<Result>(
      info.Env(), session,
      [session, uuid = Text(info[1]), work](Result& result) {
        Domain domain;
        MaybeFault fault = session->FindDomain(uuid, domain);
        return fault ? fault : work(domain.get(), result);
      },
      answer);
}
