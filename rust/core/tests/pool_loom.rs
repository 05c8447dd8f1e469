//! Every interleaving of threads that take from and give to the pool that ships.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p voicestand-core --test pool_loom`
#![cfg(loom)]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::HashMap;

use loom::{cell::UnsafeCell, sync::Arc, thread};
use voicestand_core::pool::{Block, Capacity, Pool};

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// A pool, and for each of its blocks a cell that loom watches: two owners at the same time, or one
/// after another without an order between them, fail the model.
struct Watched {
    pool: Pool,
    cells: HashMap<usize, UnsafeCell<u32>>,
}

impl Watched {
    fn new(blocks: usize) -> Self {
        let capacity = Capacity {
            small: blocks,
            ..Capacity::default()
        };
        let pool = Pool::new(capacity).unwrap();
        let all: Vec<_> = (0..blocks)
            .map(|_| Block::take(&pool, 1).unwrap())
            .collect();
        let cells = all
            .iter()
            .map(|block| (block.as_ptr() as usize, UnsafeCell::new(0)));
        let cells = cells.collect();
        drop(all);
        Self { pool, cells }
    }

    /// Takes a block, writes to it, gives it back; whether there was one.
    fn use_one(&self) -> bool {
        match Block::take(&self.pool, 1) {
            Some(block) => {
                self.write(&block);
                true
            }
            None => false,
        }
    }

    fn write(&self, block: &Block<&Pool>) {
        // SAFETY: the block is ours; that nobody else thinks so is what loom checks.
        self.cells[&(block.as_ptr() as usize)].with_mut(|cell| unsafe { *cell += 1 });
    }
}

fn threads(count: usize, blocks: usize, work: fn(&Watched)) {
    check(move || {
        let watched = Arc::new(Watched::new(blocks));
        let others: Vec<_> = (1..count)
            .map(|_| {
                let watched = Arc::clone(&watched);
                thread::spawn(move || work(&watched))
            })
            .collect();
        work(&watched);
        for other in others {
            other.join().unwrap();
        }
        let small = watched.pool.stats().classes[0];
        assert_eq!(small.used, 0);
        assert!(small.high_water <= blocks);
    });
}

#[test]
fn a_block_has_one_owner_at_a_time() {
    threads(2, 1, |watched| {
        watched.use_one();
        watched.use_one();
    });
}

#[test]
fn a_top_that_went_and_came_back_is_not_mistaken_for_the_same() {
    check(|| {
        let watched = Arc::new(Watched::new(3));
        let held = Block::take(&watched.pool, 1);
        let other = {
            let watched = Arc::clone(&watched);
            thread::spawn(move || {
                let blocks = [(); 2].map(|()| Block::take(&watched.pool, 1));
                blocks
                    .iter()
                    .flatten()
                    .for_each(|block| watched.write(block));
            })
        };
        // The top goes and comes back with as many blocks in use, but what was below it is ours.
        let top = Block::take(&watched.pool, 1);
        let below = Block::take(&watched.pool, 1);
        drop(held);
        drop(top);
        if let Some(block) = below {
            watched.write(&block);
        }
        other.join().unwrap();
    });
}

#[test]
fn as_many_threads_as_blocks_are_never_refused() {
    threads(2, 2, |watched| {
        assert!(watched.use_one());
        assert!(watched.use_one());
    });
}
