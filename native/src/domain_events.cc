#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <array>

#include "call.h"
#include "calls.h"

namespace {

/** Where the events of one kind go. libvirt frees it when the callback is gone. */
struct Subscription {
  std::shared_ptr<Mailbox> mailbox;
  Environment::ListenerId listener;
  const char* kind;
};

/** Hands an event over. On the event loop's thread, so without a wait and without libvirt's network. */
void Post(void* opaque, virDomainPtr domain, int event, int detail, const char* subject) {
  const auto* subscription = static_cast<const Subscription*>(opaque);
  const std::string name = virDomainGetName(domain);
  subscription->mailbox->Post([listener = subscription->listener, kind = subscription->kind,
                               uuid = UuidOf(domain), name, event, detail,
                               text = std::string(subject == nullptr ? "" : subject)](Napi::Env env) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("kind", kind);
    object.Set("uuid", uuid);
    object.Set("name", name);
    object.Set("event", event);
    object.Set("detail", detail);
    object.Set("subject", text);
    Environment::Of(env).CallListener(listener, {object});
  });
}

void Lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
  Post(opaque, domain, event, detail, nullptr);
}

void MetadataChange(virConnectPtr, virDomainPtr domain, int type, const char* namespace_uri, void* opaque) {
  Post(opaque, domain, type, -1, namespace_uri);
}

/** Added or removed. */
void Device(virConnectPtr, virDomainPtr domain, const char* alias, void* opaque) {
  Post(opaque, domain, -1, -1, alias);
}

void TrayChange(virConnectPtr, virDomainPtr domain, const char* alias, int reason, void* opaque) {
  Post(opaque, domain, reason, -1, alias);
}

void DiskChange(virConnectPtr, virDomainPtr domain, const char*, const char*, const char* alias, int reason,
                void* opaque) {
  Post(opaque, domain, reason, -1, alias);
}

struct Kind {
  const char* name;
  int event_id;
  virConnectDomainEventGenericCallback callback;
};

const std::array<Kind, 6> kinds{{
    {"lifecycle", VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(Lifecycle)},
    {"metadata-change", VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(MetadataChange)},
    {"device-added", VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(Device)},
    {"device-removed", VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(Device)},
    {"tray-change", VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(TrayChange)},
    {"disk-change", VIR_DOMAIN_EVENT_ID_DISK_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(DiskChange)},
}};

bool MeansUnsupported(int code) {
  return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_ARGUMENT_UNSUPPORTED ||
         code == VIR_ERR_OPERATION_UNSUPPORTED;
}

MaybeFault Subscribe(virConnectPtr watch, Session& session, const Kind& kind,
                     const Subscription& subscription) {
  auto opaque = std::make_unique<Subscription>(subscription);
  const int id =
      virConnectDomainEventRegisterAny(watch, nullptr, kind.event_id, kind.callback, opaque.get(),
                                       [](void* freed) { delete static_cast<Subscription*>(freed); });
  if (MaybeFault fault = FaultIf(id < 0, "virConnectDomainEventRegisterAny")) return fault;
  opaque.release();
  if (!session.NoteEventCallback(id)) virConnectDomainEventDeregisterAny(watch, id);
  return std::nullopt;
}

/** onDomainEvent(handle, kinds, listener) → the kinds that are supported */
Napi::Value OnDomainEvent(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Session>& session = SessionOf(info[0]);
  Environment& environment = Environment::Of(info.Env());
  const std::vector<std::string> wanted = Texts(info[1].As<Napi::Array>());
  const Environment::ListenerId listener = environment.AddListener(session, info[2].As<Napi::Function>());
  return WatchCall<std::vector<std::string>>(
      info,
      [session, wanted, mailbox = environment.mailbox(), listener](virConnectPtr watch,
                                                                   std::vector<std::string>& supported) {
        for (const Kind& kind : kinds) {
          if (std::find(wanted.begin(), wanted.end(), kind.name) == wanted.end()) continue;
          MaybeFault fault = Subscribe(watch, *session, kind, {mailbox, listener, kind.name});
          if (fault && !MeansUnsupported(fault->code)) return fault;
          if (!fault) supported.push_back(kind.name);
        }
        return MaybeFault();
      },
      [](Napi::Env env, const std::vector<std::string>& supported) { return ToJs(env, supported); });
}

}  // namespace

void AddDomainEvents(Napi::Env env, Napi::Object exports) {
  AddFunctions(env, exports, {{"onDomainEvent", OnDomainEvent}});
}
