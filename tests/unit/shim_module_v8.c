// shim_module_v8.c: a library that imports a C++ function of V8 (v8::Isolate::GetCurrent) and,
// being all static, defines nothing.
extern void *v8_get_current(void) __asm__("_ZN2v87Isolate10GetCurrentEv") __attribute__((weak));

__attribute__((constructor)) static void start(void) {
  if (v8_get_current != 0)
    v8_get_current();
}
