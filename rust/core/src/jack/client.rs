//! A client of the JACK server: its life, its ports, and whether the server still lives.

use std::{
    ffi::{CStr, CString, c_int, c_ulong, c_void},
    fmt,
    ptr::null,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    cycle_clock::CycleClock,
    library::{Handle, LatencyRange, Library},
    process::{Process, Work, process},
};
use crate::try_lock::TryLock;

/// The most ports of one client: buffers are looked up in an array of this size.
pub const MOST_PORTS: usize = 32;

const NO_START_SERVER: c_int = 1;
const PORT_IS_INPUT: c_ulong = 1;
const PORT_IS_OUTPUT: c_ulong = 2;
const CAPTURE_LATENCY: c_int = 0;
const AUDIO: &CStr = c"32 bit float mono audio";

/// Why there is no stream from or to the JACK server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JackError {
    /// libjack cannot be loaded.
    NoLibrary,
    /// No server answers.
    NoServer,
    /// The other client has no ports of the direction wanted.
    NoPorts(String),
    /// The server refused; the text says what.
    Refused(&'static str),
}

impl fmt::Display for JackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLibrary => f.write_str("libjack is missing: sudo apt install libjack-jackd2-0"),
            Self::NoServer => f.write_str("no JACK server answers"),
            Self::NoPorts(client) => write!(f, "the JACK client {client:?} is not there"),
            Self::Refused(what) => write!(f, "the JACK server refuses {what}"),
        }
    }
}

impl std::error::Error for JackError {}

/// Which way audio goes through a client's ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// What the server's threads tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The server has gone.
    pub(super) down: AtomicBool,
    /// It lost audio since the last block.
    pub(super) xrun: AtomicBool,
}

/// A client, open and idle until it is given [work](Client::run). Dropping it closes it.
pub struct Client {
    library: &'static Library,
    handle: Handle,
    told: Arc<Told>,
    /// What the process callback was given: freed after the client was closed.
    process: Option<Arc<Process>>,
}

// SAFETY: libjack's functions may be called from any thread.
unsafe impl Send for Client {}
// SAFETY: as above; with a shared client only questions are asked.
unsafe impl Sync for Client {}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("told", &self.told)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the running server; none is started.
    ///
    /// # Errors
    ///
    /// [`JackError::NoLibrary`] and [`JackError::NoServer`].
    pub fn open(name: &str) -> Result<Self, JackError> {
        let library = Library::get().ok_or(JackError::NoLibrary)?;
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: the name ends in a zero; a null status and no more arguments are permitted.
        let handle =
            unsafe { (library.client_open)(name.as_ptr(), NO_START_SERVER, std::ptr::null_mut()) };
        if handle.is_null() {
            return Err(JackError::NoServer);
        }
        Ok(Self {
            library,
            handle,
            told: Arc::default(),
            process: None,
        })
    }

    /// Of the server, Hz.
    #[must_use]
    pub fn sample_rate(&self) -> u32 {
        // SAFETY: the client is open.
        unsafe { (self.library.sample_rate)(self.handle) }
    }

    /// Frames of one call.
    #[must_use]
    pub fn buffer_frames(&self) -> u32 {
        // SAFETY: the client is open.
        unsafe { (self.library.buffer_size)(self.handle) }
    }

    /// Begins to work: registers a port for each channel, is called from now on, and is connected with the
    /// first ports of the client `other`, as far as it has them.
    ///
    /// # Errors
    ///
    /// [`JackError::NoPorts`] where `other` has none, [`JackError::Refused`].
    pub fn run(&mut self, work: Work, other: &str) -> Result<(), JackError> {
        if self.process.is_some() {
            return Err(JackError::Refused("a second stream of one client"));
        }
        let direction = match &work {
            Work::Capture(_) => Direction::In,
            Work::Playback(_) => Direction::Out,
        };
        let others = self.ports_of(other, direction);
        let Some(first) = others.first() else {
            return Err(JackError::NoPorts(other.to_owned()));
        };
        let latency_frames = self.capture_latency(first);
        let channels = match &work {
            Work::Capture(input) => input.channels(),
            Work::Playback(output) => output.channels(),
        };
        if channels > MOST_PORTS {
            return Err(JackError::Refused("more than 32 channels"));
        }
        let ports = self.register(direction, channels)?;
        let names: Vec<CString> = ports.iter().map(|&port| self.name_of(port)).collect();
        let sample_rate = self.sample_rate();
        let process = self.process.insert(Arc::new(Process {
            library: self.library,
            client: self.handle,
            ports,
            work,
            told: Arc::clone(&self.told),
            sample_rate,
            clock: TryLock::new(CycleClock::new(sample_rate)),
            latency_frames,
        }));
        let user = Arc::as_ptr(process).cast_mut().cast();
        let told = Arc::as_ptr(&self.told).cast_mut().cast();
        // SAFETY: `user` and `told` live until the client was closed, in `drop`.
        let refused = unsafe {
            (self.library.on_shutdown)(self.handle, on_shutdown, told);
            (self.library.set_xrun)(self.handle, on_xrun, told)
                | (self.library.set_process)(self.handle, process_callback, user)
                | (self.library.activate)(self.handle)
        };
        if refused != 0 {
            return Err(JackError::Refused("to begin"));
        }
        for (own, other) in names.iter().zip(&others) {
            let (from, to) = match direction {
                Direction::In => (other, own),
                Direction::Out => (own, other),
            };
            // SAFETY: the client is open, and both names end in a zero.
            if unsafe { (self.library.connect)(self.handle, from.as_ptr(), to.as_ptr()) } != 0 {
                return Err(JackError::Refused("a connection"));
            }
        }
        Ok(())
    }

    /// Whether the server lives and still connects the first port with another client.
    #[must_use]
    pub fn is_active(&self) -> bool {
        let first = self.process.as_ref().and_then(|one| one.ports.first());
        !self.told.down.load(Ordering::Acquire)
            && first.is_some_and(|&port| {
                // SAFETY: the port belongs to this client, which is open.
                unsafe { (self.library.port_connected)(port) != 0 }
            })
    }

    fn register(&self, direction: Direction, channels: usize) -> Result<Vec<Handle>, JackError> {
        let (what, flag) = match direction {
            Direction::In => ("in", PORT_IS_INPUT),
            Direction::Out => ("out", PORT_IS_OUTPUT),
        };
        let register = |number: usize| {
            let name = CString::new(format!("{what}_{number}")).unwrap_or_default();
            // SAFETY: the client is open, and both texts end in a zero.
            let port = unsafe {
                (self.library.port_register)(self.handle, name.as_ptr(), AUDIO.as_ptr(), flag, 0)
            };
            (!port.is_null())
                .then_some(port)
                .ok_or(JackError::Refused("a port"))
        };
        (1..=channels).map(register).collect()
    }

    fn name_of(&self, port: Handle) -> CString {
        // SAFETY: the port belongs to this client; its name ends in a zero.
        unsafe { CStr::from_ptr((self.library.port_name)(port)) }.to_owned()
    }

    /// The full names of the audio ports of the client `other` that can be connected with ours.
    fn ports_of(&self, other: &str, direction: Direction) -> Vec<CString> {
        let flags = match direction {
            Direction::In => PORT_IS_OUTPUT,
            Direction::Out => PORT_IS_INPUT,
        };
        // SAFETY: the client is open; no pattern is given, and the type ends in a zero.
        let list = unsafe { (self.library.ports)(self.handle, null(), AUDIO.as_ptr(), flags) };
        let mut found = Vec::new();
        if list.is_null() {
            return found;
        }
        let beginning = [other.as_bytes(), b":"].concat();
        for number in 0.. {
            // SAFETY: the list ends in a null pointer, where this loop ends, too.
            let name = unsafe { *list.add(number) };
            if name.is_null() {
                break;
            }
            // SAFETY: names in the list end in a zero.
            let name = unsafe { CStr::from_ptr(name) };
            if name.to_bytes().starts_with(&beginning) {
                found.push(name.to_owned());
            }
        }
        // SAFETY: the list came from `jack_get_ports` and is used no more.
        unsafe { (self.library.free)(list.cast()) };
        found
    }

    /// Frames between the converter and the port of that name.
    fn capture_latency(&self, port: &CStr) -> u32 {
        let mut range = LatencyRange::default();
        // SAFETY: the client is open, and the name ends in a zero.
        let port = unsafe { (self.library.port_by_name)(self.handle, port.as_ptr()) };
        if !port.is_null() {
            // SAFETY: the port exists, and the range is written only.
            unsafe { (self.library.latency)(port, CAPTURE_LATENCY, &raw mut range) };
        }
        range.max
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the client is open and used no more; afterwards no callback runs, and what they
        // were given can be freed.
        unsafe { (self.library.client_close)(self.handle) };
    }
}

unsafe extern "C" fn process_callback(frames: u32, user: *mut c_void) -> c_int {
    // SAFETY: `user` is the client's `Process`, which outlives the callbacks.
    if let Some(user) = unsafe { user.cast::<Process>().as_ref() } {
        process(user, frames);
    }
    0
}

unsafe extern "C" fn on_shutdown(told: *mut c_void) {
    // SAFETY: `told` outlives the client.
    if let Some(told) = unsafe { told.cast::<Told>().as_ref() } {
        told.down.store(true, Ordering::Release);
    }
}

unsafe extern "C" fn on_xrun(told: *mut c_void) -> c_int {
    // SAFETY: `told` outlives the client.
    if let Some(told) = unsafe { told.cast::<Told>().as_ref() } {
        told.xrun.store(true, Ordering::Relaxed);
    }
    0
}
