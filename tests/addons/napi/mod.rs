// napi/mod.rs - what the addons in plain Rust have in common: Node-API as far as they call it, and how they register.
#![allow(non_camel_case_types, dead_code)]

use std::ffi::{c_char, c_void};

pub type napi_env = *mut c_void;
pub type napi_value = *mut c_void;
pub type napi_ref = *mut c_void;
pub type napi_callback_info = *mut c_void;
pub type napi_callback = extern "C" fn(napi_env, napi_callback_info) -> napi_value;

extern "C" {
    pub fn napi_create_object(env: napi_env, result: *mut napi_value) -> i32;
    pub fn napi_create_reference(
        env: napi_env,
        value: napi_value,
        initial_refcount: u32,
        result: *mut napi_ref,
    ) -> i32;
    pub fn napi_delete_reference(env: napi_env, reference: napi_ref) -> i32;
    pub fn napi_create_function(
        env: napi_env,
        name: *const c_char,
        length: usize,
        callback: napi_callback,
        data: *mut c_void,
        result: *mut napi_value,
    ) -> i32;
    pub fn napi_set_named_property(
        env: napi_env,
        object: napi_value,
        name: *const c_char,
        value: napi_value,
    ) -> i32;
}

/// One that deletes itself.
pub struct Reference {
    env: napi_env,
    pub raw: napi_ref,
}

impl Reference {
    pub fn new(env: napi_env, object: napi_value) -> Self {
        let mut raw: napi_ref = std::ptr::null_mut();
        assert_eq!(unsafe { napi_create_reference(env, object, 1, &mut raw) }, 0);
        Reference { env, raw }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        assert_eq!(unsafe { napi_delete_reference(self.env, self.raw) }, 0);
    }
}

// Dead copies of a reference must not look like live ones.
#[inline(never)]
pub fn scrub_stack() {
    let mut waste = [0x5au8; 16384];
    std::hint::black_box(&mut waste);
}

pub fn make_object(env: napi_env) -> napi_value {
    let mut object: napi_value = std::ptr::null_mut();
    assert_eq!(unsafe { napi_create_object(env, &mut object) }, 0);
    object
}

/// The addon's one function, `run`.
pub fn export_run(env: napi_env, exports: napi_value, run: napi_callback) -> napi_value {
    let mut function: napi_value = std::ptr::null_mut();
    let name = b"run\0".as_ptr() as *const c_char;
    unsafe {
        assert_eq!(napi_create_function(env, name, 3, run, std::ptr::null_mut(), &mut function), 0);
        assert_eq!(napi_set_named_property(env, exports, name, function), 0);
    }
    exports
}
