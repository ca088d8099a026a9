#include "fault.h"

#include <libvirt/virterror.h>

#include <utility>

MaybeFault FaultIf(bool failed, const char* call) {
  if (!failed) return std::nullopt;
  const virError* error = virGetLastError();
  if (error == nullptr) {
    return Fault{VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, VIR_ERR_ERROR, 0, call, "libvirt gave no reason"};
  }
  // Only a system error has its errno in int1; others keep something else there.
  const int system_error = error->code == VIR_ERR_SYSTEM_ERROR ? error->int1 : 0;
  Fault fault{error->code,  error->domain, error->level,
              system_error, call,          error->message == nullptr ? "" : error->message};
  virResetLastError();
  return fault;
}

Fault Refusal(std::string message) {
  return Fault{VIR_ERR_OK, VIR_FROM_NONE, VIR_ERR_ERROR, 0, "", std::move(message)};
}

Napi::Object ToJs(Napi::Env env, const Fault& fault) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", fault.code);
  object.Set("domain", fault.domain);
  object.Set("level", fault.level);
  object.Set("systemError", fault.system_error);
  object.Set("call", fault.call);
  object.Set("message", fault.message);
  return object;
}
