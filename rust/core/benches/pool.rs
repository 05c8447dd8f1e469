//! Claims (the bounds are targets, and each ratio says whether it is met): a block costs no more than
//! one of an allocator when it is taken and given back in one thread; when two threads do so at once;
//! and when it is taken in one thread and given back in another, as audio's are.
//!
//! Peers: the system's `malloc`, for memory without and with the pool's alignment of 64 bytes, and
//! mimalloc, in the same run. Input: blocks of 1, 16 and 256 KiB, of which the first byte is written,
//! 32 at a time. Unit: time for taking and giving one. Where two threads are at work, they wait for
//! each other spinning, and that is not measured. jemalloc is no peer: every fresh checkout would
//! compile it for more than a minute.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::{black_box, spin_loop},
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use criterion::Criterion;
use mimalloc::MiMalloc;
use record::Record;
use voicestand_core::pool::{ALIGNMENT, Block, CLASS_BYTES, Capacity, Pool};

mod record;

/// Blocks that are in use at the same time.
const HELD: usize = 32;
/// Blocks of a turn: so many that two threads overlap.
const BATCH: usize = 2_048;
const TURNS: usize = 120;

/// Where blocks come from. A block goes back when it is dropped.
trait Source: Sync {
    type Block<'a>: Send
    where
        Self: 'a;

    /// A block, with its first byte written.
    fn take(&self, bytes: usize) -> Option<Self::Block<'_>>;
}

impl Source for Pool {
    type Block<'a> = Block<&'a Pool>;

    fn take(&self, bytes: usize) -> Option<Self::Block<'_>> {
        let mut block = Block::take(self, bytes)?;
        if let Some(first) = block.first_mut() {
            *first = 1;
        }
        Some(block)
    }
}

/// An allocator, asked for memory of one alignment.
struct Heap<A> {
    allocator: A,
    alignment: usize,
}

/// Memory of an allocator.
struct Piece<'a, A: GlobalAlloc> {
    memory: NonNull<u8>,
    layout: Layout,
    allocator: &'a A,
}

// SAFETY: a piece is the only way to its memory, and the allocators take back from any thread.
unsafe impl<A: GlobalAlloc + Sync> Send for Piece<'_, A> {}

impl<A: GlobalAlloc + Sync> Source for Heap<A> {
    type Block<'a>
        = Piece<'a, A>
    where
        A: 'a;

    fn take(&self, bytes: usize) -> Option<Self::Block<'_>> {
        let layout = Layout::from_size_align(bytes, self.alignment).ok()?;
        // SAFETY: no bench asks for zero bytes.
        let memory = NonNull::new(unsafe { self.allocator.alloc(layout) })?;
        // SAFETY: there is at least one byte, and nobody else has it. Volatile: it must happen.
        unsafe { memory.write_volatile(1) };
        Some(Piece {
            memory,
            layout,
            allocator: &self.allocator,
        })
    }
}

impl<A: GlobalAlloc> Drop for Piece<'_, A> {
    fn drop(&mut self) {
        // SAFETY: allocated by `take` with this very layout, and freed once.
        unsafe { self.allocator.dealloc(self.memory.as_ptr(), self.layout) };
    }
}

/// Takes `BATCH` blocks, `HELD` at a time, and gives them back.
fn take_and_give<S: Source>(source: &S, bytes: usize) {
    for _ in 0..BATCH / HELD {
        let held: [_; HELD] = std::array::from_fn(|_| source.take(black_box(bytes)));
        black_box(&held);
    }
}

fn one_thread<S: Source>(source: &S, bytes: usize) -> Duration {
    let began = Instant::now();
    take_and_give(source, bytes);
    began.elapsed()
}

/// Waits for the other thread; lets it run if this one waits for long.
fn spin_until(mut there: impl FnMut() -> bool) {
    for spun in 1_u32.. {
        if there() {
            return;
        }
        spin_loop();
        if spun.is_multiple_of(1_000) {
            thread::yield_now();
        }
    }
}

/// Two threads at once, each with `BATCH` blocks of its own; the mean of the two.
fn two_threads<S: Source>(source: &S, bytes: usize) -> Duration {
    let arrived = AtomicUsize::new(0);
    let work = || {
        // What an allocator sets up for a new thread is not measured.
        take_and_give(source, bytes);
        arrived.fetch_add(1, Ordering::AcqRel);
        spin_until(|| arrived.load(Ordering::Acquire) == 2);
        one_thread(source, bytes)
    };
    thread::scope(|scope| {
        let other = scope.spawn(work);
        let here = work();
        (here + other.join().unwrap_or(here)) / 2
    })
}

/// `BATCH` blocks taken here and given back in another thread, which work at the same time; what both
/// take for it, without their waiting for each other.
fn handed_over<S: Source>(source: &S, bytes: usize) -> Duration {
    let (mut to, mut from) = rtrb::RingBuffer::<[Option<S::Block<'_>>; HELD]>::new(2);
    thread::scope(|scope| {
        let other = scope.spawn(move || {
            let mut taken = Duration::ZERO;
            for _ in 0..BATCH / HELD {
                spin_until(|| from.slots() > 0);
                let held = from.pop();
                let began = Instant::now();
                drop(held);
                taken += began.elapsed();
            }
            taken
        });
        let mut taken = Duration::ZERO;
        for _ in 0..BATCH / HELD {
            spin_until(|| to.slots() > 0);
            let began = Instant::now();
            let held = std::array::from_fn(|_| source.take(black_box(bytes)));
            taken += began.elapsed();
            drop(to.push(held));
        }
        taken + other.join().unwrap_or_default()
    })
}

/// All sides.
struct Sides {
    pool: Pool,
    malloc: Heap<System>,
    aligned_malloc: Heap<System>,
    mimalloc: Heap<MiMalloc>,
}

/// A way to work with blocks.
struct Pattern {
    name: &'static str,
    claim: &'static str,
}

impl Sides {
    fn new() -> Self {
        let blocks = 4 * HELD;
        let capacity = Capacity {
            small: blocks,
            medium: blocks,
            large: blocks,
        };
        let Ok(pool) = Pool::new(capacity) else {
            eprintln!("no memory for a pool of {} bytes", capacity.bytes());
            std::process::exit(1);
        };
        Self {
            pool,
            malloc: Heap {
                allocator: System,
                alignment: align_of::<f32>(),
            },
            aligned_malloc: Heap {
                allocator: System,
                alignment: ALIGNMENT,
            },
            mimalloc: Heap {
                allocator: MiMalloc,
                alignment: ALIGNMENT,
            },
        }
    }

    /// Measures one pattern turn by turn and tells the ratios.
    fn compare(&self, pattern: &Pattern, bytes: usize, sides: [&dyn Fn(&Self) -> Duration; 4]) {
        let mut turns: [Vec<f64>; 4] = std::array::from_fn(|_| Vec::with_capacity(TURNS));
        for _ in 0..TURNS {
            for (side, turns) in sides.iter().zip(&mut turns) {
                turns.push(side(self).as_secs_f64() * 1e9 / BATCH as f64);
            }
        }
        let [pool, malloc, aligned, mimalloc] = &turns;
        let kib = bytes >> 10;
        Record::new(
            &format!("pool-{}-{kib}k", pattern.name),
            &format!("a block of {kib} KiB {}", pattern.claim),
        )
        .input("take, write a byte, give back; blocks at hand beforehand")
        .unit("ns")
        .ours(pool)
        .peer("malloc", malloc)
        .peer("malloc, aligned", aligned)
        .peer("mimalloc", mimalloc)
        .ratio("malloc", 1.0)
        .ratio("mimalloc", 1.0)
        .write();
        let [pool, malloc, aligned, mimalloc] = turns.map(median);
        println!(
            "{kib:>3} KiB {:<12} pool {pool:7.1} ns; malloc {malloc:7.1} (ratio {:.2}), aligned \
             {aligned:7.1} ({:.2}); mimalloc {mimalloc:7.1} ({:.2})",
            pattern.name,
            malloc / pool,
            aligned / pool,
            mimalloc / pool
        );
    }
}

fn median(mut turns: Vec<f64>) -> f64 {
    turns.sort_unstable_by(f64::total_cmp);
    turns.get(turns.len() / 2).copied().unwrap_or_default()
}

/// Every side at one pattern.
macro_rules! compare {
    ($sides:expr, $work:ident, $bytes:expr, $pattern:expr) => {
        $sides.compare(
            &$pattern,
            $bytes,
            [
                &|sides: &Sides| $work(&sides.pool, $bytes),
                &|sides: &Sides| $work(&sides.malloc, $bytes),
                &|sides: &Sides| $work(&sides.aligned_malloc, $bytes),
                &|sides: &Sides| $work(&sides.mimalloc, $bytes),
            ],
        )
    };
}

fn ratios() {
    let sides = Sides::new();
    println!();
    for bytes in CLASS_BYTES {
        let alone = Pattern {
            name: "one-thread",
            claim: "taken and given in one thread costs no more than of an allocator",
        };
        compare!(sides, one_thread, bytes, alone);
        let both = Pattern {
            name: "two-threads",
            claim: "taken and given by two threads at once costs no more than of an allocator",
        };
        compare!(sides, two_threads, bytes, both);
        let across = Pattern {
            name: "handed-over",
            claim: "taken in one thread and given in another costs no more than of an allocator",
        };
        compare!(sides, handed_over, bytes, across);
    }
}

fn main() {
    if record::wanted() {
        return ratios();
    }
    let mut criterion = Criterion::default().configure_from_args();
    let sides = Sides::new();
    for bytes in CLASS_BYTES {
        let name = format!("{BATCH} blocks of {} KiB in one thread", bytes >> 10);
        let mut group = criterion.benchmark_group(name);
        group.bench_function("pool", |b| b.iter(|| take_and_give(&sides.pool, bytes)));
        group.bench_function("malloc", |b| b.iter(|| take_and_give(&sides.malloc, bytes)));
        group.bench_function("mimalloc", |b| {
            b.iter(|| take_and_give(&sides.mimalloc, bytes));
        });
        group.finish();
    }
    criterion.final_summary();
    ratios();
}
