#include "session.h"

#include <utility>

#include "call_threads.h"
#include "domain_identity.h"

namespace {

std::atomic<int> session_count{0};

}  // namespace

std::shared_ptr<Session> Session::Create(virConnectPtr connection) {
  return std::shared_ptr<Session>(new Session(connection), Dispose);
}

Session::Session(virConnectPtr connection) : connection_(connection) { ++session_count; }

void Session::Dispose(Session* session) {
  if (session->closed_) {
    delete session;
    return;
  }
  // Closing talks to the daemon and this may be the JavaScript thread. Without a thread the connection is
  // left open.
  CallThreads::Shared().Run([session] {
    session->Close();
    delete session;
  });
}

int Session::Count() { return session_count; }

void Session::Enter() {
  virConnectRef(connection_);
  ++holders_;
}

void Session::Leave() { Release(); }

int Session::Release() {
  const int remaining = virConnectClose(connection_);
  if (--holders_ == 0) --session_count;
  return remaining;
}

MaybeFault Session::FindDomain(const std::string& uuid, Domain& domain) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = domains_.find(uuid);
    if (known != domains_.end()) {
      virDomainRef(known->second.get());
      domain.reset(known->second.get());
      return std::nullopt;
    }
  }
  domain.reset(virDomainLookupByUUIDString(connection_, uuid.c_str()));
  return FaultIf(domain == nullptr, "virDomainLookupByUUIDString");
}

void Session::Retain(std::vector<Domain> listed) {
  std::unordered_map<std::string, Domain> domains;
  for (Domain& domain : listed) {
    std::string uuid = UuidOf(domain.get());
    domains.emplace(std::move(uuid), std::move(domain));
  }
  const std::lock_guard lock(mutex_);
  if (!closed_) domains_.swap(domains);
}

bool Session::NoteEventCallback(int callback_id) {
  const std::lock_guard lock(mutex_);
  if (!closed_) event_callbacks_.push_back(callback_id);
  return !closed_;
}

bool Session::NoteCloseCallback(virConnectCloseFunc callback) {
  const std::lock_guard lock(mutex_);
  if (!closed_) close_callback_ = callback;
  return !closed_;
}

int Session::Close() {
  std::unordered_map<std::string, Domain> domains;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    domains.swap(domains_);
  }
  // Each callback holds a reference to the connection, so they go first.
  for (const int callback_id : event_callbacks_) virConnectDomainEventDeregisterAny(connection_, callback_id);
  if (close_callback_ != nullptr) virConnectUnregisterCloseCallback(connection_, close_callback_);
  domains.clear();
  return Release();
}
