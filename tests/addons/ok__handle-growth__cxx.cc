// ok__handle-growth__cxx.cc - node-addon-api: a loop over a large array, a HandleScope for each value.
#include <napi.h>

__attribute__((noinline)) static void AddOne(Napi::Env env, double *sum, uint32_t number) {
  Napi::HandleScope scope(env);
  *sum += Napi::Number::New(env, number).DoubleValue();
}

static Napi::Value Run(const Napi::CallbackInfo &info) {
  double sum = 0;
  for (uint32_t i = 0; i < 120000; i++)
    AddOne(info.Env(), &sum, i);
  return Napi::Number::New(info.Env(), sum);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
