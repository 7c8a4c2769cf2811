// callback-info-after-return__cxx.cc - node-addon-api: a request keeps the napi_callback_info, and
// is read when the callback has returned.
#include <napi.h>

#include <memory>

class Request {
public:
  explicit Request(const Napi::CallbackInfo &info) : env_(info.Env()), info_(info) {}
  __attribute__((noinline)) size_t Arguments() {
    Napi::CallbackInfo info(env_, info_); /* AT caller */
    return info.Length();
  }

private:
  Napi::Env env_;
  napi_callback_info info_;
};

static std::unique_ptr<Request> request;

static void Keep(const Napi::CallbackInfo &info) { request = std::make_unique<Request>(info); }

static void Ask(const Napi::CallbackInfo &) { request->Arguments(); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("keep", Napi::Function::New(env, Keep));
  exports.Set("ask", Napi::Function::New(env, Ask));
  return exports;
}

NODE_API_MODULE(demo, Init)
