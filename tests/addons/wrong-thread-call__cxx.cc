// wrong-thread-call__cxx.cc - node-addon-api: an AsyncWorker whose Execute makes a string.
#include <napi.h>

class Reader : public Napi::AsyncWorker {
public:
  explicit Reader(const Napi::Function &callback) : Napi::AsyncWorker(callback) {}
  __attribute__((noinline)) void Execute() override {
    napi_value text = nullptr;
    napi_create_string_utf8(Env(), "line", 4, &text); /* DEFECT used */
  }
};

static void Run(const Napi::CallbackInfo &info) {
  (new Reader(info[0].As<Napi::Function>()))->Queue();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
