#include "stats_columns.h"

#include "js_values.h"
#include "typed_parameters.h"

uint32_t StatsColumns::FieldIndex(const char* name) {
  const auto [entry, added] = field_indexes_.try_emplace(name, static_cast<uint32_t>(fields_.size()));
  if (added) fields_.emplace_back(name);
  return entry->second;
}

void StatsColumns::Add(const virDomainStatsRecord& record) {
  rows_.Add(record.dom);
  for (int index = 0; index < record.nparams; ++index) {
    const virTypedParameter& parameter = record.params[index];
    field_.push_back(FieldIndex(parameter.field));
    type_.push_back(static_cast<uint8_t>(parameter.type));
    if (parameter.type == VIR_TYPED_PARAM_STRING) {
      value_.push_back(strings_.size());
      strings_.emplace_back(parameter.value.s);
    } else {
      value_.push_back(BitsOf(parameter));
    }
  }
  row_start_.push_back(static_cast<uint32_t>(field_.size()));
}

Napi::Object StatsColumns::ToJs(Napi::Env env) const {
  Napi::Object object = ::ToJs(env, rows_);
  object.Set("fields", ::ToJs(env, fields_));
  object.Set("strings", ::ToJs(env, strings_));
  object.Set("rowStart", ToTypedArray<Napi::Uint32Array>(env, row_start_));
  object.Set("field", ToTypedArray<Napi::Uint32Array>(env, field_));
  object.Set("type", ToTypedArray<Napi::Uint8Array>(env, type_));
  object.Set("value", ToTypedArray<Napi::BigUint64Array>(env, value_));
  return object;
}
