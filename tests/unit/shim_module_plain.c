// shim_module_plain.c: a library for shim_module.c and shim_stack.c to open, that knows nothing of
// V8.
#include <stdint.h>

int plain_data = 1;
int plain_bss;

__attribute__((visibility("default"))) int plain_code(void) { return plain_data + plain_bss; }

__attribute__((visibility("default"))) int *plain_addresses(int which) {
  return which ? &plain_bss : &plain_data;
}
