//! Arithmetic on ring positions and block states, with names.
//!
//! A position counts blocks since the ring was made and never wraps: 2⁵⁶ blocks of one frame at
//! 192 kHz last 11,000 years.

/// Where a block stands in the stream: the n-th block ever published.
pub(super) type Position = u64;

/// Bits of a block's state word that count its pins.
const PIN_BITS: u32 = 8;
const PIN_MASK: u64 = (1 << PIN_BITS) - 1;

/// The most pins one block can carry: every reader may pin a block once.
pub(super) const MOST_PINS: u64 = PIN_MASK;

/// State of a block that the producer owns alone.
pub(super) const OWNED: u64 = u64::MAX << PIN_BITS;

/// State of the block that was published at `position` and that nobody has pinned.
#[inline(always)]
pub(super) const fn unpinned(position: Position) -> u64 {
    debug_assert!(position < OWNED >> PIN_BITS);
    position << PIN_BITS
}

/// Whether `state` belongs to the block published at `position`, pinned or not.
#[inline(always)]
pub(super) const fn is_at(state: u64, position: Position) -> bool {
    state >> PIN_BITS == position
}

/// Slot of `position` in a ring of `mask + 1` slots, a power of two.
#[inline(always)]
pub(super) const fn slot_of(position: Position, mask: u64) -> usize {
    (position & mask) as usize
}

/// The oldest position still in a ring of `mask + 1` slots whose next one is `head`.
#[inline(always)]
pub(super) const fn oldest(head: Position, mask: u64) -> Position {
    head.saturating_sub(mask + 1)
}
