// classes.cc - the same as plain.c with node-addon-api: a method's lambda, and a template in an unnamed namespace
// that is inlined where it may be.
#include <napi.h>

#ifdef MORE_ABOVE
static Napi::Value Count(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), static_cast<double>(info.Length()));
}
#endif

namespace {

template <typename T> struct Keeper {
  static napi_status Keep(T value) {
    Napi::Reference<T> reference = Napi::Reference<T>::New(value, 0);
    reference.SuppressDestruct(); // lost at the end of this scope
    return reference.IsEmpty() ? napi_generic_failure : napi_ok;
  }
};

} // namespace

namespace app {

class Cache : public Napi::ObjectWrap<Cache> {
public:
  explicit Cache(const Napi::CallbackInfo &info) : Napi::ObjectWrap<Cache>(info) {}

  static Napi::Function Init(Napi::Env env) {
    return DefineClass(env, "Cache", {InstanceMethod("put", &Cache::Put), InstanceMethod("watch", &Cache::Watch)});
  }

private:
  Napi::Value Put(const Napi::CallbackInfo &info) {
    auto make = [&info](Napi::Object object) {
      napi_ref lost;
      return napi_create_reference(info.Env(), object, 1, &lost) == napi_ok;
    };
    return Napi::Boolean::New(info.Env(), make(info[0].As<Napi::Object>()));
  }

  Napi::Value Watch(const Napi::CallbackInfo &info) {
    return Napi::Boolean::New(info.Env(), Keeper<Napi::Object>::Keep(info[0].As<Napi::Object>()) == napi_ok);
  }
};

} // namespace app

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
#ifdef MORE_ABOVE
  exports.Set("count", Napi::Function::New(env, Count));
#endif
  exports.Set("Cache", app::Cache::Init(env));
  return exports;
}

NODE_API_MODULE(addon, Init)
