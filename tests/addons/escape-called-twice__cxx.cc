// escape-called-twice__cxx.cc - node-addon-api: two values out of one EscapableHandleScope.
#include <napi.h>

__attribute__((noinline)) static Napi::Value Second(Napi::EscapableHandleScope &scope,
                                                    Napi::Value value) {
  napi_value escaped = nullptr;
  (void)napi_escape_handle(scope.Env(), scope, value, &escaped); /* DEFECT used */
  return Napi::Value(scope.Env(), escaped);
}

static Napi::Value Run(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Napi::EscapableHandleScope scope(env); /* AT opened */
  Napi::Value first = scope.Escape(Napi::Number::New(env, 1));
  Second(scope, Napi::Number::New(env, 2));
  return first;
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
