// leaked-reference__loss-rust.rs - Rust: a box with a reference in it is dropped.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_void};

type napi_env = *mut c_void;
type napi_value = *mut c_void;
type napi_ref = *mut c_void;
type napi_callback_info = *mut c_void;
type napi_callback = extern "C" fn(napi_env, napi_callback_info) -> napi_value;

extern "C" {
    fn napi_create_object(env: napi_env, result: *mut napi_value) -> i32;
    fn napi_create_reference(
        env: napi_env,
        value: napi_value,
        initial_refcount: u32,
        result: *mut napi_ref,
    ) -> i32;
    fn napi_create_function(
        env: napi_env,
        name: *const c_char,
        length: usize,
        callback: napi_callback,
        data: *mut c_void,
        result: *mut napi_value,
    ) -> i32;
    fn napi_set_named_property(
        env: napi_env,
        object: napi_value,
        name: *const c_char,
        value: napi_value,
    ) -> i32;
}

mod cache {
    pub mod store {
        use crate::{napi_create_reference, napi_env, napi_ref, napi_value};

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

// Dead copies of the reference must not look like live ones.
#[inline(never)]
fn scrub_stack() {
    let mut waste = [0x5au8; 16384];
    std::hint::black_box(&mut waste);
}

extern "C" fn run(env: napi_env, _info: napi_callback_info) -> napi_value {
    let mut object: napi_value = std::ptr::null_mut();
    assert_eq!(unsafe { napi_create_object(env, &mut object) }, 0);
    let session = cache::store::open_session(env, object);
    cache::store::close_session(session);
    scrub_stack();
    std::ptr::null_mut()
}

#[no_mangle]
pub extern "C" fn napi_register_module_v1(env: napi_env, exports: napi_value) -> napi_value {
    let mut function: napi_value = std::ptr::null_mut();
    let name = b"run\0".as_ptr() as *const c_char;
    unsafe {
        assert_eq!(napi_create_function(env, name, 3, run, std::ptr::null_mut(), &mut function), 0);
        assert_eq!(napi_set_named_property(env, exports, name, function), 0);
    }
    exports
}
