// finalizer-gc-unsafe__cxx.cc - node-addon-api: an ObjectWrap whose Finalize makes a value.
#include <napi.h>

class File : public Napi::ObjectWrap<File> {
public:
  explicit File(const Napi::CallbackInfo &info) : Napi::ObjectWrap<File>(info) {}
  __attribute__((noinline)) void Finalize(Napi::Env env) override {
    Napi::Number::New(env, 1); /* DEFECT used */
  }
};

static void Run(const Napi::CallbackInfo &info) {
  File::DefineClass(info.Env(), "File", {}).New({});
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
