// ok__object-wrap.cc - node-addon-api as it is used most: an ObjectWrap class, a constructor in the
// instance data.
#include <napi.h>

class Counter : public Napi::ObjectWrap<Counter> {
public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Counter",
                       {InstanceMethod("add", &Counter::Add),
                        InstanceAccessor("value", &Counter::Value, &Counter::SetValue),
                        StaticMethod("make", &Counter::Make)});
  }
  explicit Counter(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Counter>(info) {
    if (info.Length() > 0)
      value_ = info[0].As<Napi::Number>().DoubleValue();
  }

private:
  Napi::Value Add(const Napi::CallbackInfo &info) {
    value_ += info[0].As<Napi::Number>().DoubleValue();
    return info.This();
  }
  Napi::Value Value(const Napi::CallbackInfo &info) {
    return Napi::Number::New(info.Env(), value_);
  }
  void SetValue(const Napi::CallbackInfo &, const Napi::Value &value) {
    value_ = value.As<Napi::Number>().DoubleValue();
  }
  static Napi::Value Make(const Napi::CallbackInfo &info) {
    Napi::FunctionReference *constructor = info.Env().GetInstanceData<Napi::FunctionReference>();
    return constructor->New({info[0]});
  }
  double value_ = 0;
};

// Uses the class from JavaScript, with thousands of instances that the collector takes.
static Napi::Value Run(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Napi::FunctionReference *constructor = env.GetInstanceData<Napi::FunctionReference>();
  double sum = 0;
  for (int i = 0; i < 3000; i++) {
    Napi::HandleScope scope(env);
    Napi::Object counter = constructor->New({Napi::Number::New(env, i)});
    counter.Get("add").As<Napi::Function>().Call(counter, {Napi::Number::New(env, 1)});
    counter.Set("value", counter.Get("value").As<Napi::Number>().DoubleValue() * 2);
    sum += counter.Get("value").As<Napi::Number>().DoubleValue();
  }
  return Napi::Number::New(env, sum);
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Napi::Function counter = Counter::Define(env);
  auto *constructor = new Napi::FunctionReference(Napi::Persistent(counter));
  env.SetInstanceData(constructor);
  exports.Set("Counter", counter);
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
