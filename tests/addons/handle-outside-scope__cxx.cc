// handle-outside-scope__cxx.cc - node-addon-api: a libuv timer's callback makes an object, with no
// Napi::HandleScope around it.
#include <napi.h>

struct uv_loop_s;
extern "C" int uv_timer_init(struct uv_loop_s *loop, void *timer);
extern "C" int uv_timer_start(void *timer, void (*callback)(void *), uint64_t timeout,
                              uint64_t repeat);
extern "C" void uv_close(void *handle, void (*callback)(void *));

class Ticker {
public:
  explicit Ticker(Napi::Env env) : env_(env) {
    struct uv_loop_s *loop = nullptr;
    napi_get_uv_event_loop(env, &loop);
    uv_timer_init(loop, timer_);
    uv_timer_start(timer_, OnTick, 1, 1);
  }

private:
  static void OnTick(void *timer) {
    ticker->Tick();
    uv_close(timer, nullptr);
  }
  __attribute__((noinline)) void Tick() {
    Napi::Object::New(env_); /* AT caller */
  }

  // Larger than any uv_timer_t so far (152 bytes).
  alignas(16) unsigned char timer_[512];
  Napi::Env env_;

public:
  static Ticker *ticker;
};
Ticker *Ticker::ticker;

static void Run(const Napi::CallbackInfo &info) { Ticker::ticker = new Ticker(info.Env()); }

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("run", Napi::Function::New(env, Run));
  return exports;
}

NODE_API_MODULE(demo, Init)
