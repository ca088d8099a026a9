#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "call.h"
#include "calls.h"
#include "close_notice.h"
#include "event_loop.h"

namespace {

/** open(uri) → handle */
Napi::Value Open(const Napi::CallbackInfo& info) {
  return StartCall<std::shared_ptr<Session>>(
      info.Env(),
      [uri = Text(info[0])](std::shared_ptr<Session>& session) {
        if (MaybeFault fault = StartEventLoop()) return fault;
        return Session::Open(uri, session);
      },
      [](Napi::Env env, std::shared_ptr<Session>& session) -> Napi::Value {
        Environment::Of(env).Adopt(session);
        auto owned = std::make_unique<std::shared_ptr<Session>>(std::move(session));
        SessionHandle handle = SessionHandle::New(
            env, owned.get(), [](Napi::Env, std::shared_ptr<Session>* finalized) { delete finalized; });
        // In a worker that is being terminated there is no handle.
        if (!handle.IsEmpty()) owned.release();
        return handle;
      });
}

/** close(handle) → references that remain */
Napi::Value Close(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Session>& session = SessionOf(info[0]);
  Environment::Of(info.Env()).Drop(session);
  return StartCall<int>(
      info.Env(),
      [session](int& remaining) {
        remaining = session->Close();
        return FaultIf(remaining < 0, "virConnectClose");
      },
      [](Napi::Env env, int& remaining) { return Napi::Number::New(env, remaining); });
}

/** isAlive(handle) → boolean */
Napi::Value IsAlive(const Napi::CallbackInfo& info) {
  return StartCall<bool>(
      info.Env(),
      [session = SessionOf(info[0])](bool& alive) {
        alive = session->IsAlive();
        return MaybeFault();
      },
      [](Napi::Env env, const bool& alive) { return Napi::Boolean::New(env, alive); });
}

/** setKeepAlive(handle, intervalSeconds, count) → whether the other side supports it */
Napi::Value SetKeepAlive(const Napi::CallbackInfo& info) {
  const KeepAlive keep_alive{Signed(info[1]), Unsigned(info[2])};
  return WatchCall<bool>(
      info,
      [session = SessionOf(info[0]), keep_alive](virConnectPtr watch, bool& supported) {
        const int status = virConnectSetKeepAlive(watch, keep_alive.interval, keep_alive.count);
        supported = status == 0;
        if (supported) session->NoteKeepAlive(keep_alive);
        MaybeFault fault = FaultIf(status < 0, "virConnectSetKeepAlive");
        return fault && fault->code == VIR_ERR_NO_SUPPORT ? std::nullopt : fault;
      },
      [](Napi::Env env, bool& supported) { return Napi::Boolean::New(env, supported); });
}

/** onClose(handle, listener) → whether the driver supports it */
Napi::Value OnClose(const Napi::CallbackInfo& info) {
  const std::shared_ptr<Session>& session = SessionOf(info[0]);
  Environment& environment = Environment::Of(info.Env());
  const auto notice = std::make_shared<CloseNotice>(
      environment.mailbox(), environment.AddListener(session, info[1].As<Napi::Function>()));
  return WatchCall<bool>(
      info,
      [session, notice](virConnectPtr watch, bool& supported) -> MaybeFault {
        const int status =
            virConnectRegisterCloseCallback(watch, CloseNotice::Post, notice->number(), nullptr);
        supported = status == 0;
        if (!supported) {
          MaybeFault fault = FaultIf(true, "virConnectRegisterCloseCallback");
          return fault->code == VIR_ERR_NO_SUPPORT ? std::nullopt : fault;
        }
        if (!session->NoteCloseCallback(CloseNotice::Post, notice))
          virConnectUnregisterCloseCallback(watch, CloseNotice::Post);
        return std::nullopt;
      },
      [](Napi::Env env, bool& supported) { return Napi::Boolean::New(env, supported); });
}

/** hypervisorType(handle) → string */
Napi::Value HypervisorType(const Napi::CallbackInfo& info) {
  return ConnectionCall<std::string>(
      info,
      [](Lane& lane, std::string& type) {
        const char* constant = virConnectGetType(lane.connection());
        if (constant != nullptr) type = constant;
        return FaultIf(constant == nullptr, "virConnectGetType");
      },
      TextAnswer);
}

/** hostname(handle) → string */
Napi::Value Hostname(const Napi::CallbackInfo& info) {
  return ConnectionCall<std::string>(
      info,
      [](Lane& lane, std::string& hostname) {
        return TakeText(virConnectGetHostname(lane.connection()), hostname, "virConnectGetHostname");
      },
      TextAnswer);
}

Napi::Value NumberAnswer(Napi::Env env, unsigned long& number) { return Napi::Number::New(env, number); }

/** hypervisorVersion(handle) → number */
Napi::Value HypervisorVersion(const Napi::CallbackInfo& info) {
  return ConnectionCall<unsigned long>(
      info,
      [](Lane& lane, unsigned long& version) {
        return FaultIf(virConnectGetVersion(lane.connection(), &version) < 0, "virConnectGetVersion");
      },
      NumberAnswer);
}

/** libvirtVersion(handle) → number */
Napi::Value LibvirtVersion(const Napi::CallbackInfo& info) {
  return ConnectionCall<unsigned long>(
      info,
      [](Lane& lane, unsigned long& version) {
        return FaultIf(virConnectGetLibVersion(lane.connection(), &version) < 0, "virConnectGetLibVersion");
      },
      NumberAnswer);
}

/** nodeInfo(handle) → NodeInfo */
Napi::Value NodeInfo(const Napi::CallbackInfo& info) {
  return ConnectionCall<virNodeInfo>(
      info,
      [](Lane& lane, virNodeInfo& node) {
        return FaultIf(virNodeGetInfo(lane.connection(), &node) < 0, "virNodeGetInfo");
      },
      [](Napi::Env env, virNodeInfo& node) {
        Napi::Object object = Napi::Object::New(env);
        object.Set("model", static_cast<const char*>(node.model));
        object.Set("memoryKiB", BigUnsigned(env, node.memory));
        object.Set("cpus", node.cpus);
        object.Set("mhz", node.mhz);
        object.Set("nodes", node.nodes);
        object.Set("sockets", node.sockets);
        object.Set("cores", node.cores);
        object.Set("threads", node.threads);
        return object;
      });
}

}  // namespace

void AddConnectionCalls(Napi::Env env, Napi::Object exports) {
  AddFunctions(env, exports,
               {
                   {"open", Open},
                   {"close", Close},
                   {"isAlive", IsAlive},
                   {"setKeepAlive", SetKeepAlive},
                   {"onClose", OnClose},
                   {"hypervisorType", HypervisorType},
                   {"hypervisorVersion", HypervisorVersion},
                   {"libvirtVersion", LibvirtVersion},
                   {"hostname", Hostname},
                   {"nodeInfo", NodeInfo},
               });
}
