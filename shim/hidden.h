// hidden.h: for the declarations of data that hot paths read. -fvisibility=hidden speaks of what a
// file defines; of what it only declares the compiler has to assume that it may lie in another
// library, and takes its address from a table first.
#ifndef NAPICHECK_SHIM_HIDDEN_H
#define NAPICHECK_SHIM_HIDDEN_H

#define NCK_HIDDEN_DATA __attribute__((visibility("hidden")))

#endif
