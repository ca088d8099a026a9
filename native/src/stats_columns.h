#pragma once

#include <libvirt/libvirt.h>
#include <napi.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain_identity.h"

/** Bulk statistics by columns: filled on a call thread, handed to JavaScript in one go. */
class StatsColumns {
 public:
  void Add(const virDomainStatsRecord& record);
  Napi::Object ToJs(Napi::Env env) const;

 private:
  uint32_t FieldIndex(const char* name);

  DomainRows rows_;
  std::vector<std::string> fields_;
  std::unordered_map<std::string, uint32_t> field_indexes_;
  std::vector<std::string> strings_;
  std::vector<uint32_t> row_start_{0};
  std::vector<uint32_t> field_;
  std::vector<uint8_t> type_;
  std::vector<uint64_t> value_;
};
