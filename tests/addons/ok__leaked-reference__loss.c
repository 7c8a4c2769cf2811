/* ok__leaked-reference__loss.c - a reference is deleted before its memory is given back, or moves.
 */
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
  MUST(napi_create_reference(env, addon_object(env), 1, &holder->reference));
  return holder;
}

ADDON_FRAME static void drop_holder(napi_env env, struct holder *holder) {
  MUST(napi_delete_reference(env, holder->reference));
  free(holder);
  __asm__ volatile("" : : : "memory");
}

static napi_value run(napi_env env, napi_callback_info info) {
  drop_holder(env, make_holder(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_FRAME static napi_ref *make_array(napi_env env) {
  napi_ref *array = (napi_ref *)calloc(MANY, sizeof *array);
  MUST_BE(array != NULL);
  MUST(napi_create_reference(env, addon_object(env), 1, &array[CUT]));
  return array;
}

ADDON_FRAME static void cut_array(napi_env env, napi_ref *array) {
  array[0] = array[CUT];
  napi_ref *kept = (napi_ref *)realloc(array, FEW * sizeof *array);
  MUST_BE(kept != NULL);
  kept = (napi_ref *)realloc(kept, (size_t)MANY * MANY * sizeof *array);
  MUST_BE(kept != NULL);
  MUST(napi_delete_reference(env, kept[0]));
  free(kept);
}

static napi_value cut(napi_env env, napi_callback_info info) {
  cut_array(env, make_array(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_FRAME static napi_ref *make_page(napi_env env) {
  void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  MUST_BE(page != MAP_FAILED);
  napi_ref *references = (napi_ref *)page;
  MUST(napi_create_reference(env, addon_object(env), 1, &references[5]));
  return references;
}

ADDON_FRAME static void drop_page(napi_env env, napi_ref *references) {
  MUST(napi_delete_reference(env, references[5]));
  MUST_BE(munmap(references, PAGE_BYTES) == 0);
}

static napi_value unmap(napi_env env, napi_callback_info info) {
  drop_page(env, make_page(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_FRAME static void *drop_on_thread(void *holder) {
  free(holder);
  return NULL;
}

static napi_value elsewhere(napi_env env, napi_callback_info info) {
  pthread_t thread;
  struct holder *holder = make_holder(env);
  MUST(napi_delete_reference(env, holder->reference));
  MUST_BE(pthread_create(&thread, NULL, drop_on_thread, holder) == 0);
  MUST_BE(pthread_join(thread, NULL) == 0);
  addon_scrub_stack();
  return NULL;
}

/* Memory with copies of a reference that lives is given back by many threads at a time. */
enum { THREADS = 4, ROUNDS = 5000 };

ADDON_FRAME static void *copy_and_free(void *reference) {
  for (int i = 0; i < ROUNDS; i++) {
    napi_ref *copies = (napi_ref *)malloc((size_t)(8 + i % 100) * sizeof *copies);
    MUST_BE(copies != NULL);
    for (int k = 0; k < 8; k++)
      copies[k] = *(napi_ref *)reference;
    __asm__ volatile("" : : "r"(copies) : "memory");
    free(copies);
  }
  return NULL;
}

static napi_value threads(napi_env env, napi_callback_info info) {
  pthread_t thread[THREADS];
  napi_ref reference;
  MUST(napi_create_reference(env, addon_object(env), 1, &reference));
  for (int i = 0; i < THREADS; i++)
    MUST_BE(pthread_create(&thread[i], NULL, copy_and_free, &reference) == 0);
  for (int i = 0; i < ROUNDS; i++)
    drop_holder(env, make_holder(env));
  for (int i = 0; i < THREADS; i++)
    MUST_BE(pthread_join(thread[i], NULL) == 0);
  MUST(napi_delete_reference(env, reference));
  return NULL;
}

ADDON_EXPORTS({"run", run}, {"cut", cut}, {"unmap", unmap}, {"elsewhere", elsewhere},
              {"threads", threads})
