// forks.c: locks of ours that no other thread may hold while the process forks.
#include "forks.h"

enum { MOST_LOCKS = 16 };

static pthread_mutex_t *locks[MOST_LOCKS];
static unsigned n_locks;

void nck_forks_hold(pthread_mutex_t *lock) {
  if (n_locks < MOST_LOCKS)
    locks[n_locks++] = lock;
}

void nck_forks_lock(void) {
  for (unsigned i = 0; i < n_locks; i++)
    pthread_mutex_lock(locks[i]);
}

void nck_forks_unlock(void) {
  for (unsigned i = n_locks; i > 0; i--)
    pthread_mutex_unlock(locks[i - 1]);
}
