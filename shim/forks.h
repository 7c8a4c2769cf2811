// forks.h: locks of ours that no other thread may hold while the process forks.
//
// The child has one thread, and goes on calling Node-API where the program does: a lock that
// another thread held at that moment would never be given back, and what it protects may be half
// written.
#ifndef NAPICHECK_SHIM_FORKS_H
#define NAPICHECK_SHIM_FORKS_H

#include <pthread.h>

// Has the lock held around every fork, before those of the recorder. For locks in which nothing but
// the recorder's nest; called before main, by constructors.
void nck_forks_hold(pthread_mutex_t *lock);

// NCK_FORKS_HOLD(lock) in the file that owns it.
#define NCK_FORKS_HOLD(lock)                                                                       \
  __attribute__((constructor)) static void hold_##lock##_in_forks(void) { nck_forks_hold(&(lock)); }

// The recorder's handlers of forks call these.
void nck_forks_lock(void);
void nck_forks_unlock(void);

#endif
