#include "session.h"

#include <libvirt/virterror.h>

#include <atomic>
#include <utility>

#include "call_threads.h"
#include "domain_identity.h"

namespace {

/** More than a caller that bounds its calls ever has. */
constexpr size_t max_idle_lanes = 8;

std::atomic<int> session_count{0};

Fault Closed() { return Refusal("the connection is closed"); }

}  // namespace

MaybeFault Session::Open(const std::string& uri, std::shared_ptr<Session>& session) {
  virConnectPtr watch = virConnectOpenReadOnly(uri.c_str());
  if (MaybeFault fault = FaultIf(watch == nullptr, "virConnectOpenReadOnly")) return fault;
  session = std::shared_ptr<Session>(new Session(uri, watch), Dispose);
  return std::nullopt;
}

Session::Session(std::string uri, virConnectPtr watch) : uri_(std::move(uri)), watch_(watch) {
  ++session_count;
}

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

MaybeFault Session::BorrowLane(std::unique_ptr<Lane>& lane) {
  std::unique_lock lock(mutex_);
  if (closed_) return Closed();
  if (virConnectIsAlive(watch_) != 1) {
    return Fault{VIR_ERR_INTERNAL_ERROR,    VIR_FROM_RPC, VIR_ERR_ERROR, 0, "virConnectIsAlive",
                 "the connection has ended"};
  }
  ++lanes_out_;
  if (!idle_.empty()) {
    lane = std::move(idle_.back());
    idle_.pop_back();
  }
  const KeepAlive keep_alive = keep_alive_;
  const std::shared_ptr<const Listed> listed = listed_;
  lock.unlock();

  if (lane && !lane->IsAlive()) lane.reset();
  if (!lane) {
    if (MaybeFault fault = Lane::Open(uri_, lane)) {
      Leave(&Session::lanes_out_);
      return fault;
    }
  }
  lane->SetKeepAlive(keep_alive);
  lane->Prune(listed);
  return std::nullopt;
}

void Session::ReturnLane(std::unique_ptr<Lane> lane) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && idle_.size() < max_idle_lanes) idle_.push_back(std::move(lane));
  }
  lane.reset();
  Leave(&Session::lanes_out_);
}

MaybeFault Session::BorrowWatch(virConnectPtr& watch) {
  watch_calls_.lock();
  const std::lock_guard lock(mutex_);
  if (closed_) {
    watch_calls_.unlock();
    return Closed();
  }
  ++watch_out_;
  virConnectRef(watch_);
  watch = watch_;
  return std::nullopt;
}

void Session::ReturnWatch() {
  virConnectClose(watch_);
  watch_calls_.unlock();
  Leave(&Session::watch_out_);
}

void Session::Leave(int Session::*out) {
  const std::lock_guard lock(mutex_);
  --(this->*out);
  if (closed_ && lanes_out_ == 0 && watch_out_ == 0) --session_count;
}

bool Session::IsAlive() {
  const std::lock_guard lock(mutex_);
  return !closed_ && virConnectIsAlive(watch_) == 1;
}

void Session::NoteKeepAlive(const KeepAlive& keep_alive) {
  const std::lock_guard lock(mutex_);
  keep_alive_ = keep_alive;
}

void Session::NoteListing(Lane& lane, std::vector<Domain> domains) {
  auto listed = std::make_shared<Listed>();
  for (const Domain& domain : domains) listed->insert(UuidOf(domain.get()));
  lane.Retain(std::move(domains), listed);
  const std::lock_guard lock(mutex_);
  listed_ = std::move(listed);
}

bool Session::NoteEventCallback(int callback_id) {
  const std::lock_guard lock(mutex_);
  if (!closed_) event_callbacks_.push_back(callback_id);
  return !closed_;
}

bool Session::NoteCloseCallback(virConnectCloseFunc callback, std::shared_ptr<void> notice) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  close_callback_ = callback;
  close_notice_ = std::move(notice);
  return true;
}

int Session::Close() {
  std::vector<std::unique_ptr<Lane>> idle;
  std::unique_lock lock(mutex_);
  closed_ = true;
  ++watch_out_;
  idle.swap(idle_);
  const int lanes_out = lanes_out_;
  lock.unlock();

  // Each callback holds a reference to the watch, so they go first.
  for (const int callback_id : event_callbacks_) virConnectDomainEventDeregisterAny(watch_, callback_id);
  if (close_callback_ != nullptr) virConnectUnregisterCloseCallback(watch_, close_callback_);
  idle.clear();
  const int references = virConnectClose(watch_);
  Leave(&Session::watch_out_);
  return references < 0 ? references : lanes_out + references;
}
