// external-without-finalizer__cxx.cc - node-addon-api: a Buffer over memory of one's own, and nobody
// to free it.
#include <napi.h>

__attribute__((noinline)) static Napi::Value Make(Napi::Env env) {
  return Napi::Buffer<uint8_t>::New(env, new uint8_t[64], 64); /* DEFECT created */
}

static Napi::Value Run(const Napi::CallbackInfo &info) { return Make(info.Env()); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
