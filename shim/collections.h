// collections.h: when the garbage collector went through the whole heap.
//
// What a collection releases is no leak, and before the first one everything rises: the judge of
// growth has to know when the collector had its chance. V8 tells, through the C++ function that
// Node exports for that; other runtimes do not, and there the finalizers that ran have to do.
#ifndef NAPICHECK_SHIM_COLLECTIONS_H
#define NAPICHECK_SHIM_COLLECTIONS_H

struct nck_env;

// Has the collections of this thread's heap noted (nck_record_header.collections), once for each
// thread. With the first env of a thread, on it.
void nck_collections_watch(const struct nck_env *state);

#endif
