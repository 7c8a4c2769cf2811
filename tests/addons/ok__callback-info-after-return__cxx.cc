// ok__callback-info-after-return__cxx.cc - node-addon-api: the request reads its arguments at once;
// the napi_callback_info is asked again while its callback is running.
#include <napi.h>

#include <memory>

class Request {
public:
  explicit Request(const Napi::CallbackInfo &info) : length_(info.Length()) {}
  size_t Arguments() { return length_; }

private:
  size_t length_;
};

static std::unique_ptr<Request> request;

static Napi::Value Keep(const Napi::CallbackInfo &info) {
  request = std::make_unique<Request>(info);
  Napi::CallbackInfo again(info.Env(), static_cast<napi_callback_info>(info));
  return Napi::Number::New(info.Env(), static_cast<double>(again.Length()));
}

static Napi::Value Ask(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(request->Arguments()));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("keep", Napi::Function::New(env, Keep));
  exports.Set("ask", Napi::Function::New(env, Ask));
  return exports;
}

NODE_API_MODULE(demo, Init)
