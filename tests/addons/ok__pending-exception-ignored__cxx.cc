// ok__pending-exception-ignored__cxx.cc - the same, looking for an exception after each call that
// may throw.
#include <napi.h>

__attribute__((noinline)) static void CallBack(const Napi::CallbackInfo &info) {
  info[0].As<Napi::Function>().Call({});
}

__attribute__((noinline)) static void GoOn(Napi::Object object) { object.Set("done", true); }

static void Run(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  CallBack(info);
  if (info.Env().IsExceptionPending())
    return;
  GoOn(object);
}

// Clears the exception and goes on.
static void Retry(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  CallBack(info);
  if (info.Env().IsExceptionPending())
    info.Env().GetAndClearPendingException();
  GoOn(object);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  exports.Set("retry", Napi::Function::New(env, Retry));
  return exports;
}

NODE_API_MODULE(demo, Init)
