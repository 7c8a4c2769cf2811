// ok__async-work-deleted-early__cxx.cc - node-addon-api: an AsyncWorker deletes itself when it is
// done, also where its worker is terminated meanwhile.
#include <napi.h>

#include <unistd.h>

class Sleeper : public Napi::AsyncWorker {
public:
  explicit Sleeper(Napi::Env env)
      : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)) {}
  void Execute() override { usleep(20000); }
  void OnOK() override { deferred.Resolve(Napi::Number::New(Env(), 1)); }
  void OnError(const Napi::Error &error) override { deferred.Reject(error.Value()); }
  Napi::Promise::Deferred deferred;
};

static Napi::Value Run(const Napi::CallbackInfo &info) {
  auto *sleeper = new Sleeper(info.Env());
  sleeper->Queue();
  return sleeper->deferred.Promise();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
