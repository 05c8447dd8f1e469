//! Arithmetic on ring positions, with names.
//!
//! A position counts blocks since the ring was made and never wraps: 2⁶⁴ blocks of one frame at
//! 192 kHz last three million years.

/// Where a block stands in the stream: the n-th block ever published.
pub(super) type Position = u64;

/// Which block: an index into the blocks of the ring.
pub(super) type BlockNumber = u32;

/// Slot of `position` among `mask + 1` slots, a power of two.
#[inline(always)]
pub(super) const fn slot_of(position: Position, mask: u64) -> usize {
    (position & mask) as usize
}

/// The oldest position that is still readable in a ring of `capacity` blocks whose next one is `head`.
#[inline(always)]
pub(super) const fn oldest(head: Position, capacity: u64) -> Position {
    head.saturating_sub(capacity)
}
