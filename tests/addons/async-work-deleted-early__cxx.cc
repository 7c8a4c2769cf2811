// async-work-deleted-early__cxx.cc - node-addon-api: an AsyncWorker is deleted while it works.
#include <napi.h>

#include <unistd.h>

#include <atomic>

static std::atomic<bool> working;

class Sleeper : public Napi::AsyncWorker {
public:
  explicit Sleeper(const Napi::Function &callback) : Napi::AsyncWorker(callback) {}
  void Execute() override {
    working = true;
    usleep(100000);
  }
};

static Sleeper *sleeper;

__attribute__((noinline)) static void Drop() {
  delete sleeper; /* DEFECT deleted */
}

static void Run(const Napi::CallbackInfo &info) {
  sleeper = new Sleeper(info[0].As<Napi::Function>());
  sleeper->Queue(); /* AT queued */
  // A thread that calls Execute while the object is being taken apart ends the process before it is
  // said why.
  while (!working)
    usleep(1000);
  Drop();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
