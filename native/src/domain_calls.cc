#include <libvirt/libvirt.h>

#include <array>

#include "call.h"
#include "calls.h"

namespace {

/** domainState(handle, uuid) → DomainState */
Napi::Value DomainState(const Napi::CallbackInfo& info) {
  struct State {
    int state;
    int reason;
  };
  return DomainCall<State>(
      info,
      [](virDomainPtr domain, State& result) {
        return FaultIf(virDomainGetState(domain, &result.state, &result.reason, 0) < 0, "virDomainGetState");
      },
      [](Napi::Env env, const State& result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("state", result.state);
        object.Set("reason", result.reason);
        return object;
      });
}

/** domainInfo(handle, uuid) → DomainInfo */
Napi::Value DomainInfo(const Napi::CallbackInfo& info) {
  return DomainCall<virDomainInfo>(
      info,
      [](virDomainPtr domain, virDomainInfo& result) {
        return FaultIf(virDomainGetInfo(domain, &result) < 0, "virDomainGetInfo");
      },
      [](Napi::Env env, const virDomainInfo& result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("state", static_cast<uint32_t>(result.state));
        object.Set("maxMemoryKiB", BigUnsigned(env, result.maxMem));
        object.Set("memoryKiB", BigUnsigned(env, result.memory));
        object.Set("vcpus", static_cast<uint32_t>(result.nrVirtCpu));
        object.Set("cpuTimeNs", BigUnsigned(env, result.cpuTime));
        return object;
      });
}

/** domainControlInfo(handle, uuid) → DomainControlInfo */
Napi::Value DomainControlInfo(const Napi::CallbackInfo& info) {
  return DomainCall<virDomainControlInfo>(
      info,
      [](virDomainPtr domain, virDomainControlInfo& result) {
        return FaultIf(virDomainGetControlInfo(domain, &result, 0) < 0, "virDomainGetControlInfo");
      },
      [](Napi::Env env, const virDomainControlInfo& result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("state", result.state);
        object.Set("details", result.details);
        object.Set("sinceMs", BigUnsigned(env, result.stateTime));
        return object;
      });
}

/** memoryStats(handle, uuid) → [tag, figure][] */
Napi::Value MemoryStats(const Napi::CallbackInfo& info) {
  struct Stats {
    std::array<virDomainMemoryStatStruct, VIR_DOMAIN_MEMORY_STAT_NR> figures;
    int count;
  };
  return DomainCall<Stats>(
      info,
      [](virDomainPtr domain, Stats& result) {
        result.count = virDomainMemoryStats(domain, result.figures.data(), result.figures.size(), 0);
        return FaultIf(result.count < 0, "virDomainMemoryStats");
      },
      [](Napi::Env env, const Stats& result) {
        Napi::Array pairs = Napi::Array::New(env, result.count);
        for (int index = 0; index < result.count; ++index) {
          Napi::Array pair = Napi::Array::New(env, 2);
          pair.Set(0u, Napi::Number::New(env, result.figures[index].tag));
          pair.Set(1u, BigUnsigned(env, result.figures[index].val));
          pairs.Set(index, pair);
        }
        return pairs;
      });
}

/** domainXml(handle, uuid, flags) → string */
Napi::Value DomainXml(const Napi::CallbackInfo& info) {
  return DomainCall<std::string>(
      info,
      [flags = Unsigned(info[2])](virDomainPtr domain, std::string& xml) {
        return TakeText(virDomainGetXMLDesc(domain, flags), xml, "virDomainGetXMLDesc");
      },
      TextAnswer);
}

/** domainMetadata(handle, uuid, type, namespaceUri | null, flags) → string */
Napi::Value DomainMetadata(const Napi::CallbackInfo& info) {
  const bool has_uri = info[3].IsString();
  return DomainCall<std::string>(
      info,
      [type = Signed(info[2]), has_uri, uri = has_uri ? Text(info[3]) : "", flags = Unsigned(info[4])](
          virDomainPtr domain, std::string& element) {
        return TakeText(virDomainGetMetadata(domain, type, has_uri ? uri.c_str() : nullptr, flags), element,
                        "virDomainGetMetadata");
      },
      TextAnswer);
}

}  // namespace

void AddDomainCalls(Napi::Env env, Napi::Object exports) {
  AddFunctions(env, exports,
               {
                   {"domainState", DomainState},
                   {"domainInfo", DomainInfo},
                   {"domainControlInfo", DomainControlInfo},
                   {"memoryStats", MemoryStats},
                   {"domainXml", DomainXml},
                   {"domainMetadata", DomainMetadata},
               });
}
