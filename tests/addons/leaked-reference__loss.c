/* leaked-reference__loss.c - memory that holds a reference is given back: four ways to lose one. */
#include "addon.h"

#include <pthread.h>
#include <sys/mman.h>

struct holder {
  char name[40];
  napi_ref reference;
};

enum { PAGE_BYTES = 4096, MANY = 64, FEW = 8, CUT = 10 };

ADDON_FRAME static struct holder *make_holder(napi_env env) {
  struct holder *holder = (struct holder *)calloc(1, sizeof *holder);
  MUST_BE(holder != NULL);
  MUST(napi_create_reference(env, addon_object(env), 1, &holder->reference)); /* AT created */
  return holder;
}

ADDON_FRAME static void drop_holder(struct holder *holder) {
  free(holder); /* DEFECT lost */
  __asm__ volatile("" : : : "memory");
}

static napi_value run(napi_env env, napi_callback_info info) {
  drop_holder(make_holder(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_FRAME static napi_ref *make_array(napi_env env) {
  napi_ref *array = (napi_ref *)calloc(MANY, sizeof *array);
  MUST_BE(array != NULL);
  MUST(napi_create_reference(env, addon_object(env), 1, &array[CUT])); /* AT created */
  return array;
}

ADDON_FRAME static void cut_array(napi_ref *array) {
  static napi_ref *kept;
  kept = (napi_ref *)realloc(array, FEW * sizeof *array); /* DEFECT lost */
  MUST_BE(kept != NULL);
}

static napi_value cut(napi_env env, napi_callback_info info) {
  cut_array(make_array(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_FRAME static napi_ref *make_page(napi_env env) {
  void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MUST_BE(page != MAP_FAILED);
  napi_ref *references = (napi_ref *)page;
  MUST(napi_create_reference(env, addon_object(env), 1, &references[5])); /* AT created */
  return references;
}

ADDON_FRAME static void drop_page(napi_ref *references) {
  MUST_BE(munmap(references, PAGE_BYTES) == 0); /* DEFECT lost */
}

static napi_value unmap(napi_env env, napi_callback_info info) {
  drop_page(make_page(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_FRAME static void *drop_on_thread(void *holder) {
  free(holder); /* DEFECT lost */
  return NULL;
}

static napi_value elsewhere(napi_env env, napi_callback_info info) {
  pthread_t thread;
  struct holder *holder = make_holder(env);
  MUST_BE(pthread_create(&thread, NULL, drop_on_thread, holder) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"cut", cut}, {"unmap", unmap}, {"elsewhere", elsewhere})
