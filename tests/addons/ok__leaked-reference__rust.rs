// ok__leaked-reference__rust.rs - the same with a Drop that deletes.
mod napi;

use napi::{Reference, export_run, make_object, napi_callback_info, napi_env, napi_value};

extern "C" fn run(env: napi_env, _info: napi_callback_info) -> napi_value {
    let object = make_object(env);
    let reference = Reference::new(env, object);
    assert!(!reference.raw.is_null());
    std::ptr::null_mut()
}

#[no_mangle]
pub extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    export_run(env, exports, run)
}
