// profile.c: which callbacks make most handles in one scope.
#include "profile.h"

#include <pthread.h>

#include "forks.h"
#include "module.h"
#include "recorder.h"
#include "stack.h"

enum { BUCKETS = 512 };

static pthread_mutex_t profile_lock = PTHREAD_MUTEX_INITIALIZER; // of the hash; nests in nothing
NCK_FORKS_HOLD(profile_lock)
static uint32_t buckets[BUCKETS];

struct nck_profile *nck_profile_find(const void *user_cb) {
  uint64_t frame = nck_module_frame((uintptr_t)user_cb, true);
  if (frame == 0)
    return NULL;
  uint32_t bucket = (uint32_t)((frame * 0x9e3779b97f4a7c15ull) >> 48) % BUCKETS;
  pthread_mutex_lock(&profile_lock);
  uint32_t index = buckets[bucket];
  while (index != 0 && nck_recorder.profiles[index].cb_frame != frame)
    index = nck_recorder.profiles[index].hash_next;
  if (index == 0 && (index = nck_recorder_append(NCK_TABLE_PROFILE, 1)) != 0) {
    nck_recorder.profiles[index].cb_frame = frame;
    nck_recorder.profiles[index].module = NCK_FRAME_MODULE(frame);
    nck_recorder.profiles[index].hash_next = buckets[bucket];
    buckets[bucket] = index;
  }
  pthread_mutex_unlock(&profile_lock);
  return index != 0 ? &nck_recorder.profiles[index] : NULL;
}

void nck_profile_note_peak(const void *user_cb, uint32_t n_handles, const void *pc) {
  // The same callback again and again is what usually comes.
  static __thread struct {
    const void *user_cb;
    struct nck_profile *row;
  } last __attribute__((tls_model("initial-exec")));
  if (last.user_cb != user_cb || last.row == NULL) {
    last.row = nck_profile_find(user_cb);
    last.user_cb = user_cb;
  }
  if (last.row == NULL || n_handles <= last.row->peak_handles)
    return;
  last.row->peak_handles = n_handles;
  last.row->peak_stack = nck_stack_single(pc, false);
}
