// ok__finalizer-gc-unsafe__cxx.cc - node-addon-api: an ObjectWrap whose Finalize only frees.
#include <napi.h>

class File : public Napi::ObjectWrap<File> {
public:
  explicit File(const Napi::CallbackInfo &info) : Napi::ObjectWrap<File>(info) {}
  void Finalize(Napi::BasicEnv) override { size = 0; }

private:
  int size = 1;
};

static void Run(const Napi::CallbackInfo &info) {
  File::DefineClass(info.Env(), "File", {}).New({});
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
