//! libjack, found at run time: a machine without JACK needs none.

use std::{
    ffi::{CStr, c_char, c_int, c_ulong, c_void},
    mem::transmute_copy,
    ptr::NonNull,
    sync::OnceLock,
};

/// `jack_client_t` and `jack_port_t`, which nobody looks into.
pub(super) type Handle = *mut c_void;

/// `jack_latency_range_t`, in frames.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct LatencyRange {
    pub(super) min: u32,
    pub(super) max: u32,
}

pub(super) type ProcessCallback = unsafe extern "C" fn(u32, *mut c_void) -> c_int;
pub(super) type ShutdownCallback = unsafe extern "C" fn(*mut c_void);
pub(super) type XrunCallback = unsafe extern "C" fn(*mut c_void) -> c_int;
type MessageCallback = unsafe extern "C" fn(*const c_char);

macro_rules! library {
    ($($name:ident: $symbol:literal, fn($($argument:ty),* $(; $variadic:tt)?) $(-> $result:ty)?;)*) => {
        /// The functions of libjack that are used here, with the types of jack/jack.h.
        #[derive(Debug)]
        pub(super) struct Library {
            $(pub(super) $name: unsafe extern "C" fn($($argument,)* $($variadic)?) $(-> $result)?,)*
        }

        impl Library {
            /// The functions by their names; `None` if one is missing.
            fn link(library: NonNull<c_void>) -> Option<Self> {
                Some(Self {
                    $($name: {
                        let symbol = symbol(library, $symbol)?;
                        // SAFETY: the symbol is a function of the type that jack/jack.h gives it.
                        unsafe { transmute_copy(&symbol) }
                    },)*
                })
            }
        }
    };
}

library! {
    client_open: c"jack_client_open", fn(*const c_char, c_int, *mut c_int; ...) -> Handle;
    client_close: c"jack_client_close", fn(Handle) -> c_int;
    activate: c"jack_activate", fn(Handle) -> c_int;
    sample_rate: c"jack_get_sample_rate", fn(Handle) -> u32;
    buffer_size: c"jack_get_buffer_size", fn(Handle) -> u32;
    set_process: c"jack_set_process_callback", fn(Handle, ProcessCallback, *mut c_void) -> c_int;
    on_shutdown: c"jack_on_shutdown", fn(Handle, ShutdownCallback, *mut c_void);
    set_xrun: c"jack_set_xrun_callback", fn(Handle, XrunCallback, *mut c_void) -> c_int;
    port_register: c"jack_port_register",
        fn(Handle, *const c_char, *const c_char, c_ulong, c_ulong) -> Handle;
    port_name: c"jack_port_name", fn(Handle) -> *const c_char;
    port_by_name: c"jack_port_by_name", fn(Handle, *const c_char) -> Handle;
    port_buffer: c"jack_port_get_buffer", fn(Handle, u32) -> *mut c_void;
    port_connected: c"jack_port_connected", fn(Handle) -> c_int;
    latency: c"jack_port_get_latency_range", fn(Handle, c_int, *mut LatencyRange);
    ports: c"jack_get_ports",
        fn(Handle, *const c_char, *const c_char, c_ulong) -> *mut *const c_char;
    connect: c"jack_connect", fn(Handle, *const c_char, *const c_char) -> c_int;
    last_frame_time: c"jack_last_frame_time", fn(Handle) -> u32;
    frames_since_cycle_start: c"jack_frames_since_cycle_start", fn(Handle) -> u32;
    free: c"jack_free", fn(*mut c_void);
    set_error: c"jack_set_error_function", fn(MessageCallback);
    set_info: c"jack_set_info_function", fn(MessageCallback);
}

impl Library {
    /// The library of this process, loaded once and never unloaded; `None` if there is none.
    pub(super) fn get() -> Option<&'static Self> {
        static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
        LIBRARY.get_or_init(Self::load).as_ref()
    }

    fn load() -> Option<Self> {
        // SAFETY: the name ends in a zero; what the library does when it is loaded, it does in every
        // program that is linked with it.
        let library =
            unsafe { libc::dlopen(c"libjack.so.0".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        let library = Self::link(NonNull::new(library)?)?;
        // It prints several lines for every server that does not answer.
        // SAFETY: the function lives as long as the process.
        unsafe {
            (library.set_error)(say_nothing);
            (library.set_info)(say_nothing);
        }
        Some(library)
    }
}

fn symbol(library: NonNull<c_void>, name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the library is open, and the name ends in a zero.
    NonNull::new(unsafe { libc::dlsym(library.as_ptr(), name.as_ptr()) })
}

unsafe extern "C" fn say_nothing(_message: *const c_char) {}
