// loss.h: where the memory that held the last copy of a handle was given back (loss=0 turns it
// off).
//
// The addons' own calls of free, realloc, operator delete and munmap are watched, through their
// slots of the global offset table. A block that is given back is searched for tokens of live
// objects; the stack of the last such call is kept for each object, and tells where it was lost
// when no copy is left in the end. What a program frees by other ways (an allocator linked into the
// addon, a library that the addon uses) and what it overwrites is not seen.
#ifndef NAPICHECK_SHIM_LOSS_H
#define NAPICHECK_SHIM_LOSS_H

// Has the calls of the module that contains `address` watched. Slots that lead to another allocator
// than the process's are left alone. Does nothing with loss=0.
void nck_loss_watch(const void *address);

// A library was loaded that prefers its own functions (RTLD_DEEPBIND): where a slot that is not
// bound yet leads to cannot be told any more, so no more modules are watched.
void nck_loss_stop(void);

// After a search of memory: live objects that are lost get the stack of their loss (end_stack).
void nck_loss_settle(void);

#endif
