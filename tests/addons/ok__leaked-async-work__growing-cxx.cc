// ok__leaked-async-work__growing-cxx.cc - node-addon-api: those that are done are deleted with the next call.
#include <napi.h>

#include <vector>

class Reader : public Napi::AsyncWorker {
public:
  explicit Reader(Napi::Env env) : Napi::AsyncWorker(env) { SuppressDestruct(); }
  void Execute() override {}
  void OnOK() override { is_done = true; }
  bool is_done = false;
};

static std::vector<Reader *> readers;

static void Run(const Napi::CallbackInfo &info) {
  while (!readers.empty() && readers.back()->is_done) {
    delete readers.back();
    readers.pop_back();
  }
  readers.push_back(new Reader(info.Env()));
  readers.back()->Queue();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
