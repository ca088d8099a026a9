#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <napi.h>

#include "call.h"
#include "calls.h"

namespace {

/** activity() → Activity */
Napi::Value Activity(const Napi::CallbackInfo& info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("threads", CallThreads::Shared().Count());
  object.Set("callsOut", calls_out.load());
  object.Set("connections", Session::Count());
  return object;
}

/** libvirtVersions() → {libvirt, built} */
Napi::Value LibvirtVersions(const Napi::CallbackInfo& info) {
  unsigned long loaded = 0;
  virGetVersion(&loaded, nullptr, nullptr);
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("libvirt", static_cast<double>(loaded));
  object.Set("built", LIBVIR_VERSION_NUMBER);
  return object;
}

Napi::Object Initialize(Napi::Env env, Napi::Object exports) {
  virInitialize();
  // By default libvirt prints every error on standard error.
  virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
  env.SetInstanceData(new Environment(env));
  AddFunctions(env, exports, {{"activity", Activity}, {"libvirtVersions", LibvirtVersions}});
  AddConnectionCalls(env, exports);
  AddListingCalls(env, exports);
  AddDomainCalls(env, exports);
  AddDeviceCalls(env, exports);
  AddDomainEvents(env, exports);
  return exports;
}

NODE_API_MODULE(node_libvirt, Initialize)

}  // namespace
