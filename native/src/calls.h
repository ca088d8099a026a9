#pragma once

#include <napi.h>

#include <initializer_list>
#include <utility>

/**
 * The functions of the addon, by subject. Each takes the handle that `open` resolved with, then its
 * arguments, which lib/ has checked, and returns a promise.
 */
void AddConnectionCalls(Napi::Env env, Napi::Object exports);
void AddListingCalls(Napi::Env env, Napi::Object exports);
void AddDomainCalls(Napi::Env env, Napi::Object exports);
void AddDeviceCalls(Napi::Env env, Napi::Object exports);
void AddDomainEvents(Napi::Env env, Napi::Object exports);

using NativeFunction = Napi::Value (*)(const Napi::CallbackInfo&);

inline void AddFunctions(Napi::Env env, Napi::Object exports,
                         std::initializer_list<std::pair<const char*, NativeFunction>> functions) {
  for (const auto& [name, function] : functions) exports.Set(name, Napi::Function::New(env, function, name));
}
