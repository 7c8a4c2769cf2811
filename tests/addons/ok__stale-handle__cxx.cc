// ok__stale-handle__cxx.cc - node-addon-api: an ObjectReference as a member, reset by a cleanup
// hook.
#include <napi.h>

class Session {
public:
  void Set(Napi::Object object) { object_ = Napi::Persistent(object); }
  double Size() { return object_.Get("size").ToNumber().DoubleValue(); }
  void Reset() { object_.Reset(); }

private:
  Napi::ObjectReference object_;
};

static Session session;

static void Keep(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("size", 3);
  session.Set(object);
}

static Napi::Value Use(const Napi::CallbackInfo &info) {
  Napi::EscapableHandleScope scope(info.Env());
  return scope.Escape(Napi::Number::New(info.Env(), session.Size()));
}

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("make", Napi::Function::New(env, Keep));
  exports.Set("use", Napi::Function::New(env, Use));
  env.AddCleanupHook([] { session.Reset(); });
  return exports;
}

NODE_API_MODULE(demo, Init)
