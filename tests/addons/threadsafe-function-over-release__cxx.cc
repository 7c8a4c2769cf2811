// threadsafe-function-over-release__cxx.cc - node-addon-api: Release by the one that made it and by
// the one that was told to let go.
#include <napi.h>

static Napi::ThreadSafeFunction post;

__attribute__((noinline)) static void LetGo() { post.Release(); /* AT released */ }

__attribute__((noinline)) static void LetGoAgain() { post.Release(); /* DEFECT used */ }

static void Run(const Napi::CallbackInfo &info) {
  post = Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "post", 0, 1); /* AT created */
  LetGo();
  LetGoAgain();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
