// forks.c: locks of ours that no other thread may hold while the process forks.
#include "forks.h"

#include <stddef.h>

static struct nck_fork_lock *locks;

void nck_forks_hold(struct nck_fork_lock *lock) {
  lock->next = locks;
  locks = lock;
}

void nck_forks_lock(void) {
  for (const struct nck_fork_lock *row = locks; row != NULL; row = row->next)
    pthread_mutex_lock(row->lock);
}

void nck_forks_unlock(void) {
  for (const struct nck_fork_lock *row = locks; row != NULL; row = row->next)
    pthread_mutex_unlock(row->lock);
}
