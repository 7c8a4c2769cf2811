// abort-at-teardown__cxx.cc - node-addon-api: a worker's OnOK settles a promise, which throws when
// the env is torn down; there it cannot be thrown on.
#include <napi.h>

#include <unistd.h>

class Reader : public Napi::AsyncWorker {
public:
  explicit Reader(Napi::Env env)
      : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)) {}
  void Execute() override { usleep(200000); }
  __attribute__((noinline)) void OnOK() override {
    deferred.Resolve(Env().Undefined()); /* DEFECT used */
  }
  Napi::Promise::Deferred deferred;
};

static Napi::Value Run(const Napi::CallbackInfo &info) {
  auto *reader = new Reader(info.Env());
  reader->Queue();
  return reader->deferred.Promise();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
