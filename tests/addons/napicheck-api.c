// The public header, as an addon uses it: every function, and what it answers.
#include "napicheck/napicheck.h"

#include "addon.h"

static napi_ref held[64];

ADDON_FRAME static napi_ref make_reference(napi_env env) {
  napi_value object;
  napi_ref reference = NULL;
  MUST(napi_create_object(env, &object));
  MUST(napi_create_reference(env, object, 1, &reference)); /* DEFECT created */
  return reference;
}

ADDON_FRAME static void lose_reference(napi_env env) { make_reference(env); }

static napi_value number(napi_env env, uint32_t value) {
  napi_value result;
  MUST(napi_create_uint32(env, value, &result));
  return result;
}

static uint32_t argument(napi_env env, napi_callback_info info) {
  napi_value value;
  uint32_t result = 0;
  size_t n = 1;
  MUST(napi_get_cb_info(env, info, &n, &value, NULL, NULL));
  napi_get_value_uint32(env, value, &result);
  return result;
}

static napi_value is_active(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, (uint32_t)napicheck_is_active());
}

static napi_value checkpoint(napi_env env, napi_callback_info info) {
  (void)info;
  return number(env, napicheck_checkpoint("after the start"));
}

static napi_value leak_check(napi_env env, napi_callback_info info) {
  return number(env, (uint32_t)napicheck_leak_check(argument(env, info)));
}

static napi_value lose(napi_env env, napi_callback_info info) {
  (void)info;
  lose_reference(env);
  return NULL;
}

static napi_value hold(napi_env env, napi_callback_info info) {
  held[argument(env, info) % 64] = make_reference(env);
  return NULL;
}

static napi_value let_go(napi_env env, napi_callback_info info) {
  uint32_t slot = argument(env, info) % 64;
  MUST(napi_delete_reference(env, held[slot]));
  held[slot] = NULL;
  return NULL;
}

static napi_value lose_quietly(napi_env env, napi_callback_info info) {
  (void)info;
  napicheck_disable();
  napicheck_disable();
  napicheck_enable();
  lose_reference(env);
  napicheck_enable();
  napicheck_enable(); // one too many: ignored
  return NULL;
}

static napi_value lose_ignored(napi_env env, napi_callback_info info) {
  (void)info;
  napicheck_ignore(make_reference(env));
  napicheck_ignore(NULL);
  napicheck_ignore(&held);
  return NULL;
}

static napi_value lose_labelled(napi_env env, napi_callback_info info) {
  napi_ref reference = make_reference(env);
  napicheck_label(reference, "to be replaced");
  napicheck_label(reference, argument(env, info) ? "thumbnails" : "sessions");
  napicheck_label(NULL, "nothing");
  return NULL;
}

// Errors count while leaks do not.
static napi_value use_deleted(napi_env env, napi_callback_info info) {
  (void)info;
  napi_ref reference = make_reference(env);
  uint32_t count;
  MUST(napi_delete_reference(env, reference));
  napicheck_disable();
  napi_reference_ref(env, reference, &count); /* DEFECT used */
  napicheck_enable();
  return NULL;
}

// With an exception pending, and in the middle of it.
static napi_value check_pending(napi_env env, napi_callback_info info) {
  (void)info;
  MUST(napi_throw_error(env, NULL, "pending"));
  int found = napicheck_leak_check(napicheck_checkpoint(NULL));
  napi_value error;
  MUST(napi_get_and_clear_last_exception(env, &error));
  return number(env, (uint32_t)found);
}

ADDON_EXPORTS({"isActive", is_active}, {"checkpoint", checkpoint}, {"leakCheck", leak_check},
              {"lose", lose}, {"hold", hold}, {"letGo", let_go}, {"loseQuietly", lose_quietly},
              {"loseIgnored", lose_ignored}, {"loseLabelled", lose_labelled},
              {"useDeleted", use_deleted}, {"checkPending", check_pending})
