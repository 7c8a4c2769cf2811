// ok__leaked-reference__cxx.cc - node-addon-api: the Reference's own destructor deletes it.
#include <napi.h>

namespace demo {

class Cache {
public:
  __attribute__((noinline)) void Put(Napi::Object object) {
    Napi::Reference<Napi::Object> reference = Napi::Reference<Napi::Object>::New(object, 1);
    count_ += reference.Value().IsObject() ? 1 : 0;
  }
  int count() const { return count_; }

private:
  int count_ = 0;
};

} // namespace demo

static demo::Cache cache;

static Napi::Value Run(const Napi::CallbackInfo &info) {
  cache.Put(Napi::Object::New(info.Env()));
  return Napi::Number::New(info.Env(), cache.count());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
