/* ok__wrong-thread-call__reads.c - read by the env's own thread and handed over as data. */
#include "addon.h"

#include <pthread.h>

struct facts {
  uint32_t version;
  int sum;
};

static void *use_facts(void *data) {
  struct facts *facts = (struct facts *)data;
  facts->sum = (int)facts->version + 1;
  return NULL;
}

static napi_value run(napi_env env, napi_callback_info info) {
  pthread_t thread;
  struct facts facts = {0, 0};
  MUST(napi_get_version(env, &facts.version));
  MUST_BE(pthread_create(&thread, NULL, use_facts, &facts) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  MUST_BE(facts.sum > 1);
  return NULL;
}

ADDON_EXPORTS({"run", run})
