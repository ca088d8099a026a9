#pragma once

#include <libvirt/virterror.h>
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
 */
template <typename Result, typename Work, typename Answer>
Napi::Value StartCall(Napi::Env env, Work work, Answer answer) {
  Environment& environment = Environment::Of(env);
  auto call = std::make_shared<Call<Result>>(env);
  const Napi::Promise promise = call->deferred.Promise();
  environment.CallStarted(env);
  ++calls_out;
  const bool started = CallThreads::Shared().Run([=, mailbox = environment.mailbox()] {
    call->fault = work(call->result);
    --calls_out;
    mailbox->Post([call, answer](Napi::Env js) { Settle(js, *call, answer); });
  });
  if (!started) {
    --calls_out;
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

/** A lane for the length of one call. */
class LaneLoan {
 public:
  explicit LaneLoan(Session& session) : session_(session), fault_(session.BorrowLane(lane_)) {}
  ~LaneLoan() {
    if (lane_) session_.ReturnLane(std::move(lane_));
  }
  LaneLoan(const LaneLoan&) = delete;
  LaneLoan& operator=(const LaneLoan&) = delete;

  const MaybeFault& fault() const { return fault_; }
  Lane& lane() const { return *lane_; }

 private:
  Session& session_;
  std::unique_ptr<Lane> lane_;
  MaybeFault fault_;
};

/** A call on the connection that the first argument is. `work(Lane&, Result&)` */
template <typename Result, typename Work, typename Answer>
Napi::Value ConnectionCall(const Napi::CallbackInfo& info, Work work, Answer answer) {
  return StartCall<Result>(
      info.Env(),
      [session = SessionOf(info[0]), work](Result& result) {
        const LaneLoan loan(*session);
        return loan.fault() ? loan.fault() : work(loan.lane(), result);
      },
      answer);
}

/** A call about the domain whose UUID is the second argument. `work(virDomainPtr, Result&)` */
template <typename Result, typename Work, typename Answer>
Napi::Value DomainCall(const Napi::CallbackInfo& info, Work work, Answer answer) {
  return ConnectionCall<Result>(
      info,
      [uuid = Text(info[1]), work](Lane& lane, Result& result) {
        virDomainPtr domain = nullptr;
        MaybeFault fault = lane.FindDomain(uuid, domain);
        if (!fault) fault = work(domain, result);
        if (fault && fault->code == VIR_ERR_NO_DOMAIN) lane.ForgetDomain(uuid);
        return fault;
      },
      answer);
}

/** A call on the watch, which is never one that can hang on a domain. `work(virConnectPtr, Result&)` */
template <typename Result, typename Work, typename Answer>
Napi::Value WatchCall(const Napi::CallbackInfo& info, Work work, Answer answer) {
  return StartCall<Result>(
      info.Env(),
      [session = SessionOf(info[0]), work](Result& result) {
        virConnectPtr watch = nullptr;
        MaybeFault fault = session->BorrowWatch(watch);
        if (fault) return fault;
        fault = work(watch, result);
        session->ReturnWatch();
        return fault;
      },
      answer);
}
