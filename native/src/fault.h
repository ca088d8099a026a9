#pragma once

#include <napi.h>

#include <optional>
#include <string>

/** Why a call failed, as libvirt said it; no code, domain and call when the binding itself refused. */
struct Fault {
  int code;
  int domain;
  int level;
  /** errno where the operating system refused, else 0. */
  int system_error;
  std::string call;
  std::string message;
};

using MaybeFault = std::optional<Fault>;

/**
 * libvirt keeps its last error per thread, so ask on the thread that made the failing call, before any other
 * call: later, or in the JavaScript half, it is another call's error or none.
 */
MaybeFault FaultIf(bool failed, const char* call);

/** A refusal of the binding. */
Fault Refusal(std::string message);

/** What promises are rejected with; lib/errors.js makes an Error of it. */
Napi::Object ToJs(Napi::Env env, const Fault& fault);
