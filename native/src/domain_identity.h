#pragma once

#include <libvirt/libvirt.h>
#include <napi.h>

#include <string>
#include <vector>

inline std::string UuidOf(virDomainPtr domain) {
  char text[VIR_UUID_STRING_BUFLEN] = "";
  virDomainGetUUIDString(domain, text);
  return text;
}

/** The rows of an answer about many domains. */
struct DomainRows {
  std::vector<std::string> uuids;
  std::vector<std::string> names;
  /** -1 for a domain that is not active. */
  std::vector<int32_t> ids;

  void Add(virDomainPtr domain) {
    uuids.push_back(UuidOf(domain));
    names.emplace_back(virDomainGetName(domain));
    ids.push_back(static_cast<int32_t>(virDomainGetID(domain)));
  }
};
