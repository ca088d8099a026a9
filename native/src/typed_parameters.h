#pragma once

#include <libvirt/libvirt.h>
#include <napi.h>

#include <cstdint>
#include <vector>

/** Named values that libvirt fills in. */
class TypedParameters {
 public:
  TypedParameters() = default;
  TypedParameters(const TypedParameters&) = delete;
  TypedParameters& operator=(const TypedParameters&) = delete;
  ~TypedParameters();

  /** Makes room for that many; libvirt writes to `data` and `count`. */
  void Reserve(int count);
  virTypedParameterPtr data() { return parameters_.data(); }
  int* count() { return &count_; }

  Napi::Object ToJs(Napi::Env env) const;

 private:
  std::vector<virTypedParameter> parameters_;
  int count_ = 0;
};

/** The value's 64 bits, signed ones sign-extended; 0 for a string. */
uint64_t BitsOf(const virTypedParameter& parameter);
