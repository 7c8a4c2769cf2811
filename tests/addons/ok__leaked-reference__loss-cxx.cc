// ok__leaked-reference__loss-cxx.cc - C++: whoever deletes the object deletes its reference first.
#include "addon.h"

#include <memory>
#include <new>
#include <string>
#include <vector>

namespace demo {

struct Session {
  Session(napi_env env, std::string user) : env_(env), name(std::move(user)) {
    MUST(napi_create_reference(env, addon_object(env), 1, &on_close));
  }
  ~Session() { MUST(napi_delete_reference(env_, on_close)); }
  napi_env env_;
  std::string name;
  napi_ref on_close = nullptr;
};

struct alignas(64) Wide {
  explicit Wide(napi_env env) : session(env, "a user") {}
  char padding[32];
  Session session;
};

ADDON_FRAME void Fill(napi_env env) {
  std::vector<napi_ref> all;
  for (int i = 0; i < 100; i++) {
    napi_ref reference;
    MUST(napi_create_reference(env, addon_object(env), 1, &reference));
    all.push_back(reference);
  }
  for (napi_ref reference : all)
    MUST(napi_delete_reference(env, reference));
}

// Grows for as long as the program runs, and is still there at its end: held.
static std::vector<napi_ref> kept;

} // namespace demo

static napi_value run(napi_env env, napi_callback_info info) {
  delete new demo::Session(env, "a user");
  return nullptr;
}

static napi_value wide(napi_env env, napi_callback_info info) {
  std::make_unique<demo::Wide>(env).reset();
  return nullptr;
}

static napi_value fill(napi_env env, napi_callback_info info) {
  demo::Fill(env);
  for (int i = 0; i < 20; i++) {
    napi_ref reference;
    MUST(napi_create_reference(env, addon_object(env), 1, &reference));
    demo::kept.push_back(reference);
  }
  return nullptr;
}

ADDON_EXPORTS({"run", run}, {"wide", wide}, {"fill", fill})
