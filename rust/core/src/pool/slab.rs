//! The memory of a pool or a ring: one piece of address space, there from the beginning.

use std::ptr::NonNull;

/// When the kernel provides the pages of a slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provision {
    /// When it is made: touching it later faults no page.
    AtOnce,
    /// When it is made, and they are never swapped out, as far as `RLIMIT_MEMLOCK` permits.
    Locked,
    /// Each when it is first touched.
    OnDemand,
}

/// Zeroed, page-aligned memory.
#[derive(Debug)]
pub(crate) struct Slab {
    base: NonNull<u8>,
    bytes: usize,
    locked: bool,
}

// SAFETY: a slab is an address and a length; who may touch what of it is the pool's business.
unsafe impl Send for Slab {}
// SAFETY: as above.
unsafe impl Sync for Slab {}

impl Slab {
    /// `bytes` of memory; `None` if the system has not so much.
    pub(crate) fn new(bytes: usize, provision: Provision) -> Option<Self> {
        if bytes == 0 {
            return Some(Self {
                base: NonNull::dangling(),
                bytes,
                locked: false,
            });
        }
        let base = allocate(bytes, provision)?;
        let locked = provision == Provision::Locked && lock_in_memory(base, bytes);
        Some(Self {
            base,
            bytes,
            locked,
        })
    }

    /// Whether it is kept in memory.
    pub(super) fn locked(&self) -> bool {
        self.locked
    }

    /// The address `offset` bytes into the slab, which must lie within it.
    #[inline]
    pub(crate) fn at(&self, offset: usize) -> NonNull<u8> {
        debug_assert!(offset < self.bytes);
        // SAFETY: the offset is within the one allocation that `base` begins.
        unsafe { self.base.add(offset) }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        if self.bytes > 0 {
            free(self.base, self.bytes);
        }
    }
}

#[cfg(not(any(miri, loom)))]
fn allocate(bytes: usize, provision: Provision) -> Option<NonNull<u8>> {
    // MAP_POPULATE: the pages are faulted in here, not one by one in the audio callback.
    let populate = match provision {
        Provision::AtOnce | Provision::Locked => libc::MAP_POPULATE,
        Provision::OnDemand => 0,
    };
    // SAFETY: a new private mapping touches no memory that anybody has.
    let base = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | populate,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return None;
    }
    NonNull::new(base.cast())
}

#[cfg(not(any(miri, loom)))]
fn lock_in_memory(base: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: the range is the mapping made above.
    unsafe { libc::mlock(base.as_ptr().cast(), bytes) == 0 }
}

#[cfg(not(any(miri, loom)))]
fn free(base: NonNull<u8>, bytes: usize) {
    // SAFETY: exactly the mapping made by `allocate`; the pool is gone, and with it every block.
    unsafe { libc::munmap(base.as_ptr().cast(), bytes) };
}

/// The interpreter and the model checker know no mapping: the same from the heap.
#[cfg(any(miri, loom))]
mod heap {
    use std::{alloc, ptr::NonNull};

    const PAGE: usize = 4096;

    pub(super) fn allocate(bytes: usize, _provision: super::Provision) -> Option<NonNull<u8>> {
        let layout = alloc::Layout::from_size_align(bytes, PAGE).ok()?;
        // SAFETY: the size is not zero.
        NonNull::new(unsafe { alloc::alloc_zeroed(layout) })
    }

    pub(super) fn lock_in_memory(_base: NonNull<u8>, _bytes: usize) -> bool {
        false
    }

    pub(super) fn free(base: NonNull<u8>, bytes: usize) {
        if let Ok(layout) = alloc::Layout::from_size_align(bytes, PAGE) {
            // SAFETY: allocated above with this very layout.
            unsafe { alloc::dealloc(base.as_ptr(), layout) };
        }
    }
}

#[cfg(any(miri, loom))]
use heap::{allocate, free, lock_in_memory};
