#include "typed_parameters.h"

#include <cstring>

#include "js_values.h"

TypedParameters::~TypedParameters() { virTypedParamsClear(parameters_.data(), count_); }

void TypedParameters::Reserve(int count) {
  parameters_.resize(count);
  count_ = count;
}

namespace {

Napi::Value ValueToJs(Napi::Env env, const virTypedParameter& parameter) {
  switch (parameter.type) {
    case VIR_TYPED_PARAM_INT:
      return Napi::Number::New(env, parameter.value.i);
    case VIR_TYPED_PARAM_UINT:
      return Napi::Number::New(env, parameter.value.ui);
    case VIR_TYPED_PARAM_LLONG:
      return BigSigned(env, parameter.value.l);
    case VIR_TYPED_PARAM_ULLONG:
      return BigUnsigned(env, parameter.value.ul);
    case VIR_TYPED_PARAM_DOUBLE:
      return Napi::Number::New(env, parameter.value.d);
    case VIR_TYPED_PARAM_BOOLEAN:
      return Napi::Boolean::New(env, parameter.value.b != 0);
    case VIR_TYPED_PARAM_STRING:
      return Napi::String::New(env, parameter.value.s);
    default:
      return env.Undefined();
  }
}

}  // namespace

Napi::Object TypedParameters::ToJs(Napi::Env env) const {
  Napi::Object object = Napi::Object::New(env);
  for (int index = 0; index < count_; ++index) {
    const Napi::Value value = ValueToJs(env, parameters_[index]);
    if (!value.IsUndefined()) object.Set(static_cast<const char*>(parameters_[index].field), value);
  }
  return object;
}

uint64_t BitsOf(const virTypedParameter& parameter) {
  switch (parameter.type) {
    case VIR_TYPED_PARAM_INT:
      return static_cast<uint64_t>(static_cast<int64_t>(parameter.value.i));
    case VIR_TYPED_PARAM_UINT:
      return parameter.value.ui;
    case VIR_TYPED_PARAM_LLONG:
      return static_cast<uint64_t>(parameter.value.l);
    case VIR_TYPED_PARAM_ULLONG:
      return parameter.value.ul;
    case VIR_TYPED_PARAM_DOUBLE: {
      uint64_t bits;
      std::memcpy(&bits, &parameter.value.d, sizeof bits);
      return bits;
    }
    case VIR_TYPED_PARAM_BOOLEAN:
      return parameter.value.b != 0;
    default:
      return 0;
  }
}
