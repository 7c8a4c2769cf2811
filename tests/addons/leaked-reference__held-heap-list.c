/* leaked-reference__held-heap-list.c - kept in a linked list on the heap. */
#include "addon.h"

struct node {
  struct node *next;
  char label[24];
  napi_ref reference;
};

static struct node *list;

ADDON_FRAME static void list_push(napi_env env, napi_value object) {
  struct node *node = (struct node *)calloc(1, sizeof *node);
  MUST_BE(node != NULL);
  MUST(napi_create_reference(env, object, 1, &node->reference)); /* DEFECT created */
  node->next = list;
  list = node;
}

static napi_value run(napi_env env, napi_callback_info info) {
  list_push(env, addon_object(env));
  addon_scrub_stack();
  return NULL;
}

ADDON_EXPORTS({"run", run})
