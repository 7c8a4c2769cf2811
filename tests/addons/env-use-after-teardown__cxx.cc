// env-use-after-teardown__cxx.cc - node-addon-api: a thread keeps the Napi::Env of a worker that has
// ended.
#include <napi.h>

#include <atomic>
#include <chrono>
#include <thread>

static std::atomic<bool> has_ended{false}, is_done{false};

__attribute__((noinline)) static void Outlive(Napi::Env env) {
  while (!has_ended)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  napi_value object;
  (void)napi_create_object(env, &object); /* DEFECT used */
  is_done = true;
}

static void Start(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  env.AddCleanupHook([] { has_ended = true; });
  std::thread([env] { Outlive(env); }).detach();
}

static void Wait(const Napi::CallbackInfo &info) {
  while (!is_done)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("start", Napi::Function::New(env, Start));
  exports.Set("wait", Napi::Function::New(env, Wait));
  return exports;
}

NODE_API_MODULE(demo, Init)
