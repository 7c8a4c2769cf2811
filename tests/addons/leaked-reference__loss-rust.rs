// leaked-reference__loss-rust.rs - Rust: a box with a reference in it is dropped.
mod napi;

use napi::{export_run, make_object, napi_callback_info, napi_env, napi_value, scrub_stack};

mod cache {
    pub mod store {
        use crate::napi::{napi_create_reference, napi_env, napi_ref, napi_value};

        // No `Drop`: the reference is as lost as its memory.
        #[allow(dead_code)]
        pub struct Session {
            pub user: [u8; 40],
            pub on_close: napi_ref,
        }

        #[inline(never)]
        pub fn open_session(env: napi_env, object: napi_value) -> Box<Session> {
            let mut session = Box::new(Session { user: [b'a'; 40], on_close: std::ptr::null_mut() });
            let status = unsafe { napi_create_reference(env, object, 1, &mut session.on_close) }; /* AT created */
            assert_eq!(status, 0);
            session
        }

        #[inline(never)]
        pub fn close_session(session: Box<Session>) {
            std::hint::black_box(&session);
            drop(session); /* DEFECT lost */
            std::hint::black_box(());
        }
    }
}

extern "C" fn run(env: napi_env, _info: napi_callback_info) -> napi_value {
    let object = make_object(env);
    let session = cache::store::open_session(env, object);
    cache::store::close_session(session);
    scrub_stack();
    std::ptr::null_mut()
}

#[no_mangle]
pub extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    export_run(env, exports, run)
}
