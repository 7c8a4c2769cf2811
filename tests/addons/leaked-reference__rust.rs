// leaked-reference__rust.rs - an addon in plain Rust: no crates, names mangled as the compiler is told to.
mod napi;

use napi::{export_run, make_object, napi_callback_info, napi_env, napi_value, scrub_stack};

mod cache {
    pub mod store {
        use crate::napi::{napi_create_reference, napi_env, napi_ref, napi_value};

        // The leak of a `mem::forget` or of a struct without a `Drop`.
        #[inline(never)]
        pub fn keep_forever(env: napi_env, object: napi_value) {
            let mut reference: napi_ref = std::ptr::null_mut();
            let status = unsafe { napi_create_reference(env, object, 1, &mut reference) }; /* DEFECT created */
            assert_eq!(status, 0);
        }
    }
}

extern "C" fn run(env: napi_env, _info: napi_callback_info) -> napi_value {
    let object = make_object(env);
    cache::store::keep_forever(env, object);
    scrub_stack();
    std::ptr::null_mut()
}

#[no_mangle]
pub extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    export_run(env, exports, run)
}
