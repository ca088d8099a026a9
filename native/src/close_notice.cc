#include "close_notice.h"

#include <map>
#include <mutex>
#include <utility>

namespace {

struct Notices {
  std::mutex mutex;
  std::map<uintptr_t, const CloseNotice*> by_number;
  uintptr_t last = 0;
};

Notices& All() {
  // Never freed: the event loop may come here while the process ends.
  static auto* const all = new Notices;
  return *all;
}

}  // namespace

CloseNotice::CloseNotice(std::shared_ptr<Mailbox> mailbox, Environment::ListenerId listener)
    : mailbox_(std::move(mailbox)), listener_(listener) {
  const std::lock_guard lock(All().mutex);
  number_ = ++All().last;
  All().by_number.emplace(number_, this);
}

CloseNotice::~CloseNotice() {
  const std::lock_guard lock(All().mutex);
  All().by_number.erase(number_);
}

void CloseNotice::Post(virConnectPtr, int reason, void* number) {
  const std::lock_guard lock(All().mutex);
  const auto found = All().by_number.find(reinterpret_cast<uintptr_t>(number));
  if (found == All().by_number.end()) return;
  const CloseNotice& notice = *found->second;
  notice.mailbox_->Post([listener = notice.listener_, reason](Napi::Env env) {
    Environment::Of(env).CallListener(listener, {Napi::Number::New(env, reason)});
  });
}
