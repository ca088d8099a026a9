#include "fault.h"

#include <libvirt/virterror.h>

#include <utility>

MaybeFault FaultIf(bool failed, const char* call) {
  if (!failed) return std::nullopt;
  const virError* error = virGetLastError();
  if (error == nullptr) {
    return Fault{VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, VIR_ERR_ERROR, call, "libvirt gave no reason"};
  }
  Fault fault{error->code, error->domain, error->level, call,
              error->message == nullptr ? "" : error->message};
  virResetLastError();
  return fault;
}

Fault Refusal(std::string message) {
  return Fault{VIR_ERR_OK, VIR_FROM_NONE, VIR_ERR_ERROR, "", std::move(message)};
}

Napi::Object ToJs(Napi::Env env, const Fault& fault) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", fault.code);
  object.Set("domain", fault.domain);
  object.Set("level", fault.level);
  object.Set("call", fault.call);
  object.Set("message", fault.message);
  return object;
}
