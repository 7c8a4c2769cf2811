// ok__handle-scope-mismatch__cxx.cc - node-addon-api: scopes in members, left in the reverse order
// of their opening.
#include <napi.h>

#include <memory>

class Parser {
public:
  void Enter(Napi::Env env) {
    outer_ = std::make_unique<Napi::HandleScope>(env);
    inner_ = std::make_unique<Napi::HandleScope>(env);
  }
  void Leave() {
    inner_.reset();
    outer_.reset();
  }

private:
  std::unique_ptr<Napi::HandleScope> outer_, inner_;
};

static void Run(const Napi::CallbackInfo &info) {
  Parser parser;
  parser.Enter(info.Env());
  parser.Leave();
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
