#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "call.h"
#include "calls.h"
#include "stats_columns.h"

namespace {

/** listDomains(handle, flags) → DomainList */
Napi::Value ListDomains(const Napi::CallbackInfo& info) {
  return ConnectionCall<DomainRows>(
      info,
      [session = SessionOf(info[0]), flags = Unsigned(info[1])](Lane& lane, DomainRows& rows) {
        virDomainPtr* listed = nullptr;
        const int count = virConnectListAllDomains(lane.connection(), &listed, flags);
        if (MaybeFault fault = FaultIf(count < 0, "virConnectListAllDomains")) return fault;
        std::vector<Domain> domains(listed, listed + count);
        free(listed);
        for (const Domain& domain : domains) rows.Add(domain.get());
        session->NoteListing(lane, std::move(domains));
        return MaybeFault();
      },
      [](Napi::Env env, const DomainRows& rows) { return ToJs(env, rows); });
}

struct FreeRecords {
  void operator()(virDomainStatsRecordPtr* records) const { virDomainStatsRecordListFree(records); }
};
using Records = std::unique_ptr<virDomainStatsRecordPtr[], FreeRecords>;

/** References of one's own to the domains of an answer. */
std::vector<Domain> DomainsOf(const Records& records, int count) {
  std::vector<Domain> domains;
  for (int index = 0; index < count; ++index) {
    virDomainRef(records[index]->dom);
    domains.emplace_back(records[index]->dom);
  }
  return domains;
}

/** Whether the flags leave out no domain. */
bool ListsAll(uint32_t flags) {
  constexpr uint32_t no_filters = VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT |
                                  VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING |
                                  VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS;
  return (flags & ~no_filters) == 0;
}

Napi::Value ColumnsAnswer(Napi::Env env, const StatsColumns& columns) { return columns.ToJs(env); }

/** allDomainStats(handle, stats, flags) → StatsColumns */
Napi::Value AllDomainStats(const Napi::CallbackInfo& info) {
  return ConnectionCall<StatsColumns>(
      info,
      [session = SessionOf(info[0]), stats = Unsigned(info[1]), flags = Unsigned(info[2])](
          Lane& lane, StatsColumns& columns) {
        virDomainStatsRecordPtr* answer = nullptr;
        const int count = virConnectGetAllDomainStats(lane.connection(), stats, &answer, flags);
        if (MaybeFault fault = FaultIf(count < 0, "virConnectGetAllDomainStats")) return fault;
        const Records records(answer);
        for (int index = 0; index < count; ++index) columns.Add(*records[index]);
        if (ListsAll(flags)) session->NoteListing(lane, DomainsOf(records, count));
        return MaybeFault();
      },
      ColumnsAnswer);
}

/** The domains that can be found, then null; any other fault than that they are gone ends the search. */
MaybeFault FindDomains(Lane& lane, const std::vector<std::string>& uuids,
                       std::vector<virDomainPtr>& domains) {
  for (const std::string& uuid : uuids) {
    virDomainPtr domain = nullptr;
    MaybeFault fault = lane.FindDomain(uuid, domain);
    if (!fault) domains.push_back(domain);
    if (fault && fault->code != VIR_ERR_NO_DOMAIN) return fault;
  }
  domains.push_back(nullptr);
  return std::nullopt;
}

/** domainStats(handle, uuids, stats, flags) → StatsColumns */
Napi::Value DomainStats(const Napi::CallbackInfo& info) {
  return ConnectionCall<StatsColumns>(
      info,
      [uuids = Texts(info[1].As<Napi::Array>()), stats = Unsigned(info[2]), flags = Unsigned(info[3])](
          Lane& lane, StatsColumns& columns) {
        std::vector<virDomainPtr> domains;
        MaybeFault fault = FindDomains(lane, uuids, domains);
        // libvirt refuses an empty list.
        if (fault || domains.front() == nullptr) return fault;
        virDomainStatsRecordPtr* answer = nullptr;
        const int count = virDomainListGetStats(domains.data(), stats, &answer, flags);
        fault = FaultIf(count < 0, "virDomainListGetStats");
        if (fault) return fault;
        const Records records(answer);
        for (int index = 0; index < count; ++index) columns.Add(*records[index]);
        return fault;
      },
      ColumnsAnswer);
}

}  // namespace

void AddListingCalls(Napi::Env env, Napi::Object exports) {
  AddFunctions(env, exports,
               {
                   {"listDomains", ListDomains},
                   {"allDomainStats", AllDomainStats},
                   {"domainStats", DomainStats},
               });
}
