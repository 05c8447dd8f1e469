//! The peers of the ring bench, each handing over a block of 480 frames in one thread.

use std::{
    env,
    ffi::{CString, c_int, c_long, c_void},
    fs,
    hint::black_box,
    path::{Path, PathBuf},
};

use ringbuf::traits::{Consumer as _, Producer as _, Split as _};
use rtrb::CopyToUninit as _;

use super::{BLOCKS, FRAMES, audio};

/// Where PortAudio's ring is: a shared library that exports it, as rtmixer's does.
const PORTAUDIO: &str = "VOICESTAND_BENCH_PORTAUDIO_RING";

/// A name, and what hands one block over; or why there is no such peer here.
pub type Peer = (&'static str, Result<Box<dyn FnMut()>, String>);

pub fn all() -> Vec<Peer> {
    vec![
        ("rtrb", Ok(rtrb_slices())),
        ("rtrb, chunks", Ok(rtrb_chunks())),
        ("ringbuf", Ok(ringbuf())),
        ("crossbeam-channel, copied", Ok(channel_of_arrays())),
        ("crossbeam-channel, boxed", Ok(channel_of_boxes())),
        ("PaUtilRingBuffer", portaudio()),
    ]
}

fn rtrb_slices() -> Box<dyn FnMut()> {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(BLOCKS * FRAMES);
    let (audio, mut heard) = audio();
    Box::new(move || {
        let pushed = producer.push_entire_slice(black_box(&audio.0));
        let popped = consumer.pop_entire_slice(black_box(&mut heard.0));
        assert!(pushed.is_ok() && popped.is_ok());
    })
}

fn rtrb_chunks() -> Box<dyn FnMut()> {
    let (mut producer, mut consumer) = rtrb::RingBuffer::new(BLOCKS * FRAMES);
    let (audio, mut heard) = audio();
    Box::new(move || {
        if let Ok(mut chunk) = producer.write_chunk_uninit(FRAMES) {
            // The ring holds whole blocks, so none is ever in two parts.
            black_box(&audio.0[..]).copy_to_uninit(chunk.as_mut_slices().0);
            // SAFETY: all of it was just written.
            unsafe { chunk.commit_all() };
        }
        if let Ok(chunk) = consumer.read_chunk(FRAMES) {
            black_box(&mut heard.0).copy_from_slice(chunk.as_slices().0);
            chunk.commit_all();
        }
    })
}

fn ringbuf() -> Box<dyn FnMut()> {
    let (mut producer, mut consumer) = ringbuf::HeapRb::<f32>::new(BLOCKS * FRAMES).split();
    let (audio, mut heard) = audio();
    Box::new(move || {
        let pushed = producer.push_slice(black_box(&audio.0));
        let popped = consumer.pop_slice(black_box(&mut heard.0));
        assert_eq!((pushed, popped), (FRAMES, FRAMES));
    })
}

fn channel_of_arrays() -> Box<dyn FnMut()> {
    let (sender, receiver) = crossbeam_channel::bounded::<[f32; FRAMES]>(BLOCKS);
    let (audio, mut heard) = audio();
    Box::new(move || {
        let mut block = [0.0; FRAMES];
        block.copy_from_slice(black_box(&audio.0));
        assert!(sender.try_send(block).is_ok());
        if let Ok(block) = receiver.try_recv() {
            black_box(&mut heard.0).copy_from_slice(&block);
        }
    })
}

/// A new box for each block, as a channel is used by who does not know better.
fn channel_of_boxes() -> Box<dyn FnMut()> {
    let (sender, receiver) = crossbeam_channel::bounded::<Box<[f32]>>(BLOCKS);
    let (audio, mut heard) = audio();
    Box::new(move || {
        assert!(sender.try_send(black_box(&audio.0[..]).into()).is_ok());
        if let Ok(block) = receiver.try_recv() {
            black_box(&mut heard.0).copy_from_slice(&block);
        }
    })
}

/// `PaUtilRingBuffer`: five words and two pointers, with room to spare.
#[repr(C, align(64))]
struct PortAudioRing([u8; 256]);

type Initialize = unsafe extern "C" fn(*mut PortAudioRing, c_long, c_long, *mut c_void) -> c_long;
type Write = unsafe extern "C" fn(*mut PortAudioRing, *const c_void, c_long) -> c_long;
type Read = unsafe extern "C" fn(*mut PortAudioRing, *mut c_void, c_long) -> c_long;

/// The C ring that PortAudio applications use, out of rtmixer's extension module.
fn portaudio() -> Result<Box<dyn FnMut()>, String> {
    let library = portaudio_library().ok_or_else(|| {
        format!("no _rtmixer.abi3.so in .venv (pip install --group bench), and no {PORTAUDIO}")
    })?;
    // The module refers to Python's None, so Python's library must be there first.
    if let Some(python) = python_of(&library) {
        open(&python, libc::RTLD_GLOBAL);
    }
    let handle = open(&library.display().to_string(), 0);
    if handle.is_null() {
        return Err(format!("{} cannot be loaded", library.display()));
    }
    let symbol = |name: &str| {
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: the handle is open and is never closed, and the name is a C string.
        let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
        if found.is_null() {
            Err(format!("{} lacks {name:?}", library.display()))
        } else {
            Ok(found)
        }
    };
    // SAFETY: these are the signatures of pa_ringbuffer.h, where a size is a long on Linux.
    let (initialize, write, read) = unsafe {
        (
            std::mem::transmute::<*mut c_void, Initialize>(symbol("PaUtil_InitializeRingBuffer")?),
            std::mem::transmute::<*mut c_void, Write>(symbol("PaUtil_WriteRingBuffer")?),
            std::mem::transmute::<*mut c_void, Read>(symbol("PaUtil_ReadRingBuffer")?),
        )
    };
    let samples = (BLOCKS * FRAMES).next_power_of_two();
    let mut memory = vec![0.0_f32; samples];
    let mut ring = Box::new(PortAudioRing([0; 256]));
    // SAFETY: ring and memory are large enough, do not move, and live in the closure below.
    let refused = unsafe {
        initialize(
            &raw mut *ring,
            4,
            samples as c_long,
            memory.as_mut_ptr().cast(),
        )
    };
    if refused != 0 {
        return Err(format!("PaUtil_InitializeRingBuffer returned {refused}"));
    }
    let (audio, mut heard) = audio();
    Ok(Box::new(move || {
        black_box(&memory);
        // SAFETY: the ring was initialized; both slices have FRAMES samples of 4 bytes.
        let (written, got) = unsafe {
            (
                write(
                    &raw mut *ring,
                    black_box(audio.0.as_ptr()).cast(),
                    FRAMES as c_long,
                ),
                read(
                    &raw mut *ring,
                    black_box(heard.0.as_mut_ptr()).cast(),
                    FRAMES as c_long,
                ),
            )
        };
        assert_eq!((written, got), (FRAMES as c_long, FRAMES as c_long));
    }))
}

fn open(library: &str, flags: c_int) -> *mut c_void {
    let name = CString::new(library).unwrap_or_default();
    // SAFETY: the name is a C string; loading Python's library or rtmixer's runs no code of note.
    unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY | flags) }
}

fn portaudio_library() -> Option<PathBuf> {
    if let Some(path) = env::var_os(PORTAUDIO) {
        return Some(path.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
    fs::read_dir(root).ok()?.flatten().find_map(|python| {
        let module = python.path().join("site-packages/_rtmixer.abi3.so");
        module.exists().then_some(module)
    })
}

/// `libpython3.x.so.1.0`, after the directory `python3.x` that the module is in.
fn python_of(module: &Path) -> Option<String> {
    module.iter().find_map(|part| {
        let version = part.to_str()?.strip_prefix("python")?;
        Some(format!("libpython{version}.so.1.0"))
    })
}
