// leaked-reference__loss-cxx.cc - C++: objects with a member that is a reference are deleted, and no
// destructor lets go of it.
#include "addon.h"

#include <memory>
#include <new>
#include <string>
#include <vector>

namespace demo {

struct Session {
  explicit Session(std::string user) : name(std::move(user)) {}
  std::string name;
  napi_ref on_close = nullptr;
};

struct alignas(64) Wide {
  char padding[32];
  napi_ref on_close;
};

ADDON_FRAME Session *Open(napi_env env) {
  auto *session = new Session("a user");
  MUST(napi_create_reference(env, addon_object(env), 1, &session->on_close)); /* AT created */
  return session;
}

ADDON_FRAME void Close(Session *session) {
  delete session; /* DEFECT lost */
  __asm__ volatile("" : : : "memory");
}

ADDON_FRAME Wide *OpenWide(napi_env env) {
  auto *wide = new Wide();
  MUST(napi_create_reference(env, addon_object(env), 1, &wide->on_close)); /* AT created */
  return wide;
}

ADDON_FRAME void CloseWide(Wide *wide) {
  std::unique_ptr<Wide> owned(wide);
  owned.reset(); /* DEFECT lost */
  __asm__ volatile("" : : : "memory");
}

// A vector that grows gives back memory with copies in it, which is no loss as long as it lives.
ADDON_FRAME void Fill(napi_env env) {
  std::vector<napi_ref> all;
  for (int i = 0; i < 100; i++) {
    napi_ref reference;
    MUST(napi_create_reference(env, addon_object(env), 1, &reference)); /* AT created */
    all.push_back(reference);
  }
  std::vector<napi_ref>().swap(all); /* DEFECT lost */
}

} // namespace demo

static napi_value run(napi_env env, napi_callback_info info) {
  demo::Close(demo::Open(env));
  addon_scrub_stack();
  return nullptr;
}

static napi_value wide(napi_env env, napi_callback_info info) {
  demo::CloseWide(demo::OpenWide(env));
  addon_scrub_stack();
  return nullptr;
}

static napi_value fill(napi_env env, napi_callback_info info) {
  demo::Fill(env);
  addon_scrub_stack();
  return nullptr;
}

ADDON_EXPORTS({"run", run}, {"wide", wide}, {"fill", fill})
