#include <libvirt/libvirt.h>

#include "call.h"
#include "calls.h"
#include "typed_parameters.h"

namespace {

/** blockStats(handle, uuid, device) → BlockStats */
Napi::Value BlockStats(const Napi::CallbackInfo& info) {
  return DomainCall<virDomainBlockStatsStruct>(
      info,
      [device = Text(info[2])](virDomainPtr domain, virDomainBlockStatsStruct& stats) {
        return FaultIf(virDomainBlockStats(domain, device.c_str(), &stats, sizeof stats) < 0,
                       "virDomainBlockStats");
      },
      [](Napi::Env env, const virDomainBlockStatsStruct& stats) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("readRequests", BigSigned(env, stats.rd_req));
        object.Set("readBytes", BigSigned(env, stats.rd_bytes));
        object.Set("writeRequests", BigSigned(env, stats.wr_req));
        object.Set("writeBytes", BigSigned(env, stats.wr_bytes));
        object.Set("errors", BigSigned(env, stats.errs));
        return object;
      });
}

/** blockStatsParameters(handle, uuid, device) → TypedParameters */
Napi::Value BlockStatsParameters(const Napi::CallbackInfo& info) {
  return DomainCall<TypedParameters>(
      info,
      [device = Text(info[2])](virDomainPtr domain, TypedParameters& parameters) {
        // Asked without room, libvirt says how much it needs.
        int count = 0;
        MaybeFault fault = FaultIf(virDomainBlockStatsFlags(domain, device.c_str(), nullptr, &count, 0) < 0,
                                   "virDomainBlockStatsFlags");
        if (fault) return fault;
        parameters.Reserve(count);
        return FaultIf(
            virDomainBlockStatsFlags(domain, device.c_str(), parameters.data(), parameters.count(), 0) < 0,
            "virDomainBlockStatsFlags");
      },
      [](Napi::Env env, const TypedParameters& parameters) { return parameters.ToJs(env); });
}

/** blockInfo(handle, uuid, device) → BlockInfo */
Napi::Value BlockInfo(const Napi::CallbackInfo& info) {
  return DomainCall<virDomainBlockInfo>(
      info,
      [device = Text(info[2])](virDomainPtr domain, virDomainBlockInfo& result) {
        return FaultIf(virDomainGetBlockInfo(domain, device.c_str(), &result, 0) < 0,
                       "virDomainGetBlockInfo");
      },
      [](Napi::Env env, const virDomainBlockInfo& result) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("capacity", BigUnsigned(env, result.capacity));
        object.Set("allocation", BigUnsigned(env, result.allocation));
        object.Set("physical", BigUnsigned(env, result.physical));
        return object;
      });
}

/** interfaceStats(handle, uuid, device) → InterfaceStats */
Napi::Value InterfaceStats(const Napi::CallbackInfo& info) {
  return DomainCall<virDomainInterfaceStatsStruct>(
      info,
      [device = Text(info[2])](virDomainPtr domain, virDomainInterfaceStatsStruct& stats) {
        return FaultIf(virDomainInterfaceStats(domain, device.c_str(), &stats, sizeof stats) < 0,
                       "virDomainInterfaceStats");
      },
      [](Napi::Env env, const virDomainInterfaceStatsStruct& stats) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("rxBytes", BigSigned(env, stats.rx_bytes));
        object.Set("rxPackets", BigSigned(env, stats.rx_packets));
        object.Set("rxErrors", BigSigned(env, stats.rx_errs));
        object.Set("rxDrops", BigSigned(env, stats.rx_drop));
        object.Set("txBytes", BigSigned(env, stats.tx_bytes));
        object.Set("txPackets", BigSigned(env, stats.tx_packets));
        object.Set("txErrors", BigSigned(env, stats.tx_errs));
        object.Set("txDrops", BigSigned(env, stats.tx_drop));
        return object;
      });
}

}  // namespace

void AddDeviceCalls(Napi::Env env, Napi::Object exports) {
  AddFunctions(env, exports,
               {
                   {"blockStats", BlockStats},
                   {"blockStatsParameters", BlockStatsParameters},
                   {"blockInfo", BlockInfo},
                   {"interfaceStats", InterfaceStats},
               });
}
