// leaked-reference__cxx.cc - node-addon-api: a Reference whose destructor is suppressed, in a local
// variable.
#include "addon.h"

#include <napi.h>

namespace demo {

class Cache {
public:
  // Not a frame of node-addon-api's: the class and the namespace have to be in the report's name.
  __attribute__((noinline)) void Put(Napi::Object object) {
    Napi::Reference<Napi::Object> reference =
        Napi::Reference<Napi::Object>::New(object, 1); /* AT wrapper */
    reference.SuppressDestruct();
    ++count_;
  }
  int count() const { return count_; }

private:
  int count_ = 0;
};

} // namespace demo

static demo::Cache cache;

static Napi::Value Run(const Napi::CallbackInfo &info) {
  cache.Put(Napi::Object::New(info.Env()));
  addon_scrub_stack();
  return Napi::Number::New(info.Env(), cache.count());
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
