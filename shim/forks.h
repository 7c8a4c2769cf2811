// forks.h: locks of ours that no other thread may hold while the process forks.
//
// The child has one thread, and goes on calling Node-API where the program does: a lock that
// another thread held at that moment would never be given back, and what it protects may be half
// written.
#ifndef NAPICHECK_SHIM_FORKS_H
#define NAPICHECK_SHIM_FORKS_H

#include <pthread.h>

struct nck_fork_lock {
  pthread_mutex_t *lock;
  struct nck_fork_lock *next;
};

// Has the lock held around every fork, before those of the recorder. For locks in which nothing but
// the recorder's nest; called before main, by constructors. The row stays in use.
void nck_forks_hold(struct nck_fork_lock *lock);

// NCK_FORKS_HOLD(lock) in the file that owns it.
#define NCK_FORKS_HOLD(name)                                                                       \
  __attribute__((constructor)) static void hold_##name##_in_forks(void) {                          \
    static struct nck_fork_lock row = {.lock = &(name)};                                           \
    nck_forks_hold(&row);                                                                          \
  }

// The recorder's handlers of forks call these.
void nck_forks_lock(void);
void nck_forks_unlock(void);

#endif
