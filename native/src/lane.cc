#include "lane.h"

#include <iterator>
#include <utility>

#include "domain_identity.h"

MaybeFault Lane::Open(const std::string& uri, std::unique_ptr<Lane>& lane) {
  virConnectPtr connection = virConnectOpenReadOnly(uri.c_str());
  if (connection != nullptr) lane.reset(new Lane(connection));
  return FaultIf(connection == nullptr, "virConnectOpenReadOnly");
}

Lane::~Lane() {
  domains_.clear();
  virConnectClose(connection_);
}

void Lane::SetKeepAlive(const KeepAlive& keep_alive) {
  if (keep_alive.interval == keep_alive_.interval && keep_alive.count == keep_alive_.count) return;
  keep_alive_ = keep_alive;
  virConnectSetKeepAlive(connection_, keep_alive.interval, keep_alive.count);
}

MaybeFault Lane::FindDomain(const std::string& uuid, virDomainPtr& domain) {
  const auto known = domains_.find(uuid);
  if (known != domains_.end()) {
    domain = known->second.get();
    return std::nullopt;
  }
  domain = virDomainLookupByUUIDString(connection_, uuid.c_str());
  if (domain != nullptr) domains_.emplace(uuid, Domain(domain));
  return FaultIf(domain == nullptr, "virDomainLookupByUUIDString");
}

void Lane::Retain(std::vector<Domain> domains, std::shared_ptr<const Listed> listed) {
  domains_.clear();
  for (Domain& domain : domains) {
    std::string uuid = UuidOf(domain.get());
    domains_.emplace(std::move(uuid), std::move(domain));
  }
  listed_ = std::move(listed);
}

void Lane::Prune(const std::shared_ptr<const Listed>& listed) {
  if (listed == listed_) return;
  for (auto known = domains_.begin(); known != domains_.end();) {
    known = listed->count(known->first) == 0 ? domains_.erase(known) : std::next(known);
  }
  listed_ = listed;
}
