#pragma once

#include <libvirt/libvirt.h>

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fault.h"

struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
/** One reference to a domain. Freeing it resets libvirt's last error: take the Fault first. */
using Domain = std::unique_ptr<virDomain, FreeDomain>;

/** UUIDs of a listing. */
using Listed = std::unordered_set<std::string>;

/** As virConnectSetKeepAlive takes it; none unless set. */
struct KeepAlive {
  int interval = 0;
  unsigned int count = 0;
};

/**
 * One libvirt connection that one call at a time uses, with the references to domains that belong to it. Used
 * on call threads only: opening and closing talk to the daemon.
 */
class Lane {
 public:
  static MaybeFault Open(const std::string& uri, std::unique_ptr<Lane>& lane);
  ~Lane();

  virConnectPtr connection() const { return connection_; }
  bool IsAlive() const { return virConnectIsAlive(connection_) == 1; }
  void SetKeepAlive(const KeepAlive& keep_alive);

  /** The reference that is here, else looks the domain up. It belongs to the lane. */
  MaybeFault FindDomain(const std::string& uuid, virDomainPtr& domain);
  void ForgetDomain(const std::string& uuid) { domains_.erase(uuid); }
  /** Replaces all references by those of a listing. */
  void Retain(std::vector<Domain> domains, std::shared_ptr<const Listed> listed);
  /** Drops references to domains that the last listing did not have. */
  void Prune(const std::shared_ptr<const Listed>& listed);

 private:
  explicit Lane(virConnectPtr connection) : connection_(connection) {}

  const virConnectPtr connection_;
  KeepAlive keep_alive_;
  std::unordered_map<std::string, Domain> domains_;
  /** The listing that domains_ has been pruned by. */
  std::shared_ptr<const Listed> listed_;
};
