#pragma once

#include <napi.h>

#include <algorithm>
#include <string>
#include <vector>

#include "domain_identity.h"

inline std::string Text(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }
inline std::vector<std::string> Texts(const Napi::Array& array) {
  std::vector<std::string> texts;
  for (uint32_t index = 0; index < array.Length(); ++index) texts.push_back(Text(array[index]));
  return texts;
}
inline uint32_t Unsigned(const Napi::Value& value) { return value.As<Napi::Number>().Uint32Value(); }

inline int32_t Signed(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }

inline Napi::Value TextAnswer(Napi::Env env, const std::string& text) { return Napi::String::New(env, text); }
inline Napi::Value BigSigned(Napi::Env env, long long value) {
  return Napi::BigInt::New(env, static_cast<int64_t>(value));
}
inline Napi::Value BigUnsigned(Napi::Env env, unsigned long long value) {
  return Napi::BigInt::New(env, static_cast<uint64_t>(value));
}

inline Napi::Array ToJs(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (size_t index = 0; index < texts.size(); ++index) array.Set(index, texts[index]);
  return array;
}

template <typename TypedArray, typename Element>
TypedArray ToTypedArray(Napi::Env env, const std::vector<Element>& elements) {
  TypedArray array = TypedArray::New(env, elements.size());
  // In a worker that is being terminated there is none.
  if (!array.IsEmpty()) std::copy(elements.begin(), elements.end(), array.Data());
  return array;
}

inline Napi::Object ToJs(Napi::Env env, const DomainRows& rows) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("uuids", ToJs(env, rows.uuids));
  object.Set("names", ToJs(env, rows.names));
  object.Set("ids", ToTypedArray<Napi::Int32Array>(env, rows.ids));
  return object;
}
