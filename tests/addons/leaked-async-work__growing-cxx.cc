// leaked-async-work__growing-cxx.cc - node-addon-api: an AsyncWorker that does not delete itself, kept in a
// list that nobody empties.
#include <napi.h>

#include <vector>

class Reader : public Napi::AsyncWorker {
public:
  explicit Reader(Napi::Env env) : Napi::AsyncWorker(env) { SuppressDestruct(); }
  void Execute() override {}
};

static std::vector<Reader *> readers;

__attribute__((noinline)) static Reader *Make(Napi::Env env) {
  return new Reader(env); /* DEFECT created */
}

static void Run(const Napi::CallbackInfo &info) {
  readers.push_back(Make(info.Env()));
  readers.back()->Queue();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
