// ok__wrong-thread-call__cxx.cc - node-addon-api: Execute computes, OnOK makes the string.
#include <napi.h>

#include <string>

class Reader : public Napi::AsyncWorker {
public:
  explicit Reader(const Napi::Function &callback) : Napi::AsyncWorker(callback) {}
  void Execute() override { text_ = "line"; }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    Callback().Call({Napi::String::New(Env(), text_)});
  }

private:
  std::string text_;
};

static void Run(const Napi::CallbackInfo &info) {
  (new Reader(info[0].As<Napi::Function>()))->Queue();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
