// stale-handle__cxx.cc - node-addon-api: a Napi::Object as a member, used by the next call.
#include <napi.h>

class Session {
public:
  __attribute__((noinline)) void Set(Napi::Object object) { object_ = object; }
  __attribute__((noinline)) bool IsSet() { return object_.IsObject(); /* AT caller */ }

private:
  Napi::Object object_;
};

static Session session;

static void Keep(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("size", 3);
  session.Set(object);
}

static void Use(const Napi::CallbackInfo &info) { session.IsSet(); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("make", Napi::Function::New(env, Keep));
  exports.Set("use", Napi::Function::New(env, Use));
  return exports;
}

NODE_API_MODULE(demo, Init)
