#pragma once

#include <libvirt/libvirt.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "fault.h"

struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
/** One reference to a domain. Freeing it resets libvirt's last error: take the Fault first. */
using Domain = std::unique_ptr<virDomain, FreeDomain>;

/**
 * The libvirt side of one connection: used on call threads, except where said. A session that is dropped
 * without Close is closed on a call thread.
 */
class Session {
 public:
  /** Takes over the reference to an open connection. */
  static std::shared_ptr<Session> Create(virConnectPtr connection);
  /** Sessions of the process that are open or that calls are still out on. */
  static int Count();

  virConnectPtr connection() const { return connection_; }

  /** On the JavaScript thread: a call is going out. It holds the connection until it comes back, even after
   * Close. */
  void Enter();
  /** The call has come back. When Close was in between and no other call is out, this really ends the
   * connection. */
  void Leave();

  /** The reference that the last listing gave, else looks the domain up. */
  MaybeFault FindDomain(const std::string& uuid, Domain& domain);
  /** Replaces all references by those of a listing. */
  void Retain(std::vector<Domain> listed);

  /** Notes a callback for Close to unregister. False when Close has been and the caller must do it. */
  bool NoteEventCallback(int callback_id);
  bool NoteCloseCallback(virConnectCloseFunc callback);

  /** Unregisters callbacks, drops domains, gives the connection up. The references that libvirt still counts.
   */
  int Close();

 private:
  explicit Session(virConnectPtr connection);
  ~Session() = default;
  static void Dispose(Session* session);
  int Release();

  const virConnectPtr connection_;
  /** The session itself until Close, and every call that is out. */
  std::atomic<int> holders_{1};

  std::mutex mutex_;
  bool closed_ = false;
  std::unordered_map<std::string, Domain> domains_;
  std::vector<int> event_callbacks_;
  virConnectCloseFunc close_callback_ = nullptr;
};
