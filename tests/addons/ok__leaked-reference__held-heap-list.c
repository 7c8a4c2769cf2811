/* ok__leaked-reference__held-heap-list.c - the list is emptied by the cleanup hook of its env. */
#include "addon.h"

struct node {
  struct node *next;
  napi_ref reference;
};

struct list {
  napi_env env;
  struct node *head;
};

static void list_drop(void *arg) {
  struct list *list = (struct list *)arg;
  while (list->head) {
    struct node *node = list->head;
    list->head = node->next;
    MUST(napi_delete_reference(list->env, node->reference));
    free(node);
  }
  free(list);
}

static napi_value run(napi_env env, napi_callback_info info) {
  struct list *list = NULL;
  MUST(napi_get_instance_data(env, (void **)&list));
  if (!list) {
    list = (struct list *)calloc(1, sizeof *list);
    MUST_BE(list != NULL);
    list->env = env;
    MUST(napi_set_instance_data(env, list, NULL, NULL));
    MUST(napi_add_env_cleanup_hook(env, list_drop, list));
  }
  struct node *node = (struct node *)calloc(1, sizeof *node);
  MUST_BE(node != NULL);
  MUST(napi_create_reference(env, addon_object(env), 1, &node->reference));
  node->next = list->head;
  list->head = node;
  return NULL;
}

ADDON_EXPORTS({"run", run})
