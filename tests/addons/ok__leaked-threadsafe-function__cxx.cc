// ok__leaked-threadsafe-function__cxx.cc - node-addon-api: a thread calls a ThreadSafeFunction and
// releases it.
#include <napi.h>

#include <thread>

static void Run(const Napi::CallbackInfo &info) {
  auto post =
      Napi::ThreadSafeFunction::New(info.Env(), info[0].As<Napi::Function>(), "post", 0, 1);
  std::thread([post]() mutable {
    for (int i = 0; i < 100; i++)
      post.BlockingCall([i](Napi::Env env, Napi::Function callback) {
        callback.Call({Napi::Number::New(env, i)});
      });
    post.Release();
  }).detach();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
