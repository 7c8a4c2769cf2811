// ok__env-use-after-teardown__cxx.cc - node-addon-api: the cleanup hook stops the thread before the
// env ends.
#include <napi.h>

#include <atomic>
#include <chrono>
#include <thread>

static std::atomic<bool> has_ended{false}, is_done{false};
static std::thread worker;

static void Work() {
  while (!has_ended)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  is_done = true;
}

static void Start(const Napi::CallbackInfo &info) {
  worker = std::thread(Work);
  info.Env().AddCleanupHook([] {
    has_ended = true;
    worker.join();
  });
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
