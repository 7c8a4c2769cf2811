// ok__v8-import.cc - a module that uses V8's own C++ interface as well: its napi_value has to be a
// v8::Local.
#include "addon.h"

// As much of V8's header as this needs; the symbol is exported by the runtime.
namespace v8 {
class Value {
public:
  bool IsDate() const;
};
} // namespace v8

static napi_value run(napi_env env, napi_callback_info info) {
  napi_value date, object = addon_object(env);
  MUST(napi_create_date(env, 0, &date));
  bool is_date = reinterpret_cast<v8::Value *>(*reinterpret_cast<void **>(&date))->IsDate();
  bool is_object_date =
      reinterpret_cast<v8::Value *>(*reinterpret_cast<void **>(&object))->IsDate();
  napi_value argument = addon_argument(env, info);
  bool is_argument_date =
      reinterpret_cast<v8::Value *>(*reinterpret_cast<void **>(&argument))->IsDate();
  MUST_BE(is_date && !is_object_date && !is_argument_date);
  return date;
}

ADDON_EXPORTS({"run", run})
