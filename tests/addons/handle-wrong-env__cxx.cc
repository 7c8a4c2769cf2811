// handle-wrong-env__cxx.cc - node-addon-api: a Napi::Value goes from one addon to another behind an
// external, and is used there with the env of that one.
#include <napi.h>

static void Give(const Napi::CallbackInfo &info) {
  Napi::Value value = Napi::Object::New(info.Env());
  info[0].As<Napi::Function>().Call({Napi::External<Napi::Value>::New(info.Env(), &value)});
}

__attribute__((noinline)) static void Store(Napi::Object object, Napi::Value value) {
  object.Set("taken", value); /* AT caller */
}

static void Take(const Napi::CallbackInfo &info) {
  Store(Napi::Object::New(info.Env()), *info[0].As<Napi::External<Napi::Value>>().Data());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("give", Napi::Function::New(env, Give));
  exports.Set("take", Napi::Function::New(env, Take));
  return exports;
}

NODE_API_MODULE(demo, Init)
