// ok__external-without-finalizer__cxx.cc - node-addon-api: a Buffer that frees what it stands on.
#include <napi.h>

static Napi::Value Run(const Napi::CallbackInfo &info) {
  return Napi::Buffer<uint8_t>::New(info.Env(), new uint8_t[64], 64,
                                    [](Napi::BasicEnv, uint8_t *data) { delete[] data; });
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
