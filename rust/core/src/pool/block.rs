//! A block of a pool: memory that gives itself back.

use std::{
    alloc::{self, Layout},
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use super::{ALIGNMENT, Pool};

/// Where a block belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// This block of that class.
    Class { class: u8, number: u16 },
    /// The heap: the pool had none.
    Heap(Layout),
}

/// Bytes for one owner, 64-byte aligned, given back when dropped.
///
/// `P` keeps the pool: `&Pool` where a borrow will do, `Arc<Pool>` where the block outlives its
/// maker. What an earlier owner wrote may still be in it.
pub struct Block<P: Deref<Target = Pool>> {
    memory: NonNull<u8>,
    bytes: usize,
    home: Home,
    pool: P,
    owns: PhantomData<[u8]>,
}

// SAFETY: a block is the only way to its bytes; whoever has it may use them, in any thread.
unsafe impl<P: Deref<Target = Pool> + Send> Send for Block<P> {}
// SAFETY: as above; shared, it can only be read.
unsafe impl<P: Deref<Target = Pool> + Sync> Sync for Block<P> {}

impl<P: Deref<Target = Pool>> fmt::Debug for Block<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("bytes", &self.bytes)
            .field("home", &self.home)
            .finish_non_exhaustive()
    }
}

impl<P: Deref<Target = Pool>> Block<P> {
    /// A block of at least `bytes` bytes, of the smallest class that has one; `None`, counted as a
    /// miss, if there is none. Lock-free and without the heap: for real-time threads, too.
    #[inline]
    pub fn take(pool: P, bytes: usize) -> Option<Self> {
        let (memory, home) = pool.find(bytes)?;
        Some(Self {
            memory,
            bytes,
            home,
            pool,
            owns: PhantomData,
        })
    }

    /// A block of the pool, else one of the heap, counted as a fallback; `None` if the heap has none
    /// either. Not for a real-time thread.
    pub fn take_or_allocate(pool: P, bytes: usize) -> Option<Self> {
        let (memory, home) = match pool.find(bytes) {
            Some(found) => found,
            None => {
                let layout = Layout::from_size_align(bytes.max(1), ALIGNMENT).ok()?;
                // SAFETY: the size is not zero.
                let memory = NonNull::new(unsafe { alloc::alloc_zeroed(layout) })?;
                pool.fell_back();
                (memory, Home::Heap(layout))
            }
        };
        Some(Self {
            memory,
            bytes,
            home,
            pool,
            owns: PhantomData,
        })
    }

    /// Whether it came from the heap, since the pool had none.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        matches!(self.home, Home::Heap(_))
    }

    /// The address of the first byte, a multiple of [`ALIGNMENT`].
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.memory.as_ptr()
    }
}

impl<P: Deref<Target = Pool>> Deref for Block<P> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: the block owns `bytes` bytes, which were zeroed before anybody owned them.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.bytes) }
    }
}

impl<P: Deref<Target = Pool>> DerefMut for Block<P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, borrowed mutably with the block.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_ptr(), self.bytes) }
    }
}

impl<P: Deref<Target = Pool>> Drop for Block<P> {
    #[inline]
    fn drop(&mut self) {
        match self.home {
            Home::Class { class, number } => self.pool.give(class, number),
            Home::Heap(layout) => {
                self.pool.fallback_freed();
                // SAFETY: allocated by `take_or_allocate` with this very layout, and freed once.
                unsafe { alloc::dealloc(self.memory.as_ptr(), layout) };
            }
        }
    }
}
