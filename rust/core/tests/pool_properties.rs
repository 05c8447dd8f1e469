//! The pool gives every block to one owner at a time, keeps exact books, and never touches the heap
//! unless asked to.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::{Arc, mpsc};

use proptest::prelude::*;
use voicestand_core::pool::{ALIGNMENT, Block, CLASS_BYTES, Capacity, Pool, PoolError};

const ROUNDS: u32 = if cfg!(miri) { 40 } else { 20_000 };

#[derive(Clone, Debug)]
enum Step {
    Take(usize),
    TakeOrAllocate(usize),
    Give(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = prop_oneof![
        0_usize..=1024,
        1025_usize..=16_384,
        16_385_usize..=262_144,
        262_145_usize..=300_000,
    ];
    prop_oneof![
        bytes.clone().prop_map(Step::Take),
        bytes.prop_map(Step::TakeOrAllocate),
        any::<prop::sample::Index>().prop_map(Step::Give),
    ]
}

/// What the pool must say, by the plainest bookkeeping.
#[derive(Default)]
struct Model {
    used: [usize; 3],
    high_water: [usize; 3],
    misses: u64,
    fallbacks: u64,
    fallbacks_in_use: u64,
}

impl Model {
    /// The class that serves `bytes`: the smallest that fits and has a block.
    fn take(&mut self, bytes: usize, blocks: [usize; 3]) -> Option<usize> {
        let class = (0..3).find(|&n| bytes <= CLASS_BYTES[n] && self.used[n] < blocks[n]);
        match class {
            Some(n) => {
                self.used[n] += 1;
                self.high_water[n] = self.high_water[n].max(self.used[n]);
            }
            None => self.misses += 1,
        }
        class
    }
}

proptest! {
    #[test]
    #[cfg_attr(miri, ignore)] // Filling blocks byte by byte takes Miri minutes.
    fn it_does_what_a_list_of_free_blocks_would(
        blocks in [0_usize..4, 0_usize..3, 0_usize..3],
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let [small, medium, large] = blocks;
        let pool = Pool::new(Capacity { small, medium, large }).unwrap();
        let mut model = Model::default();
        let mut held: Vec<(Block<&Pool>, Option<usize>, u8)> = Vec::new();
        for (mark, step) in (0_u8..=255).cycle().zip(steps) {
            let (bytes, allocate) = match step {
                Step::Give(which) => {
                    if !held.is_empty() {
                        let (block, class, mark) = held.swap_remove(which.index(held.len()));
                        prop_assert!(block.iter().all(|&byte| byte == mark), "somebody wrote here");
                        match class {
                            Some(n) => model.used[n] -= 1,
                            None => model.fallbacks_in_use -= 1,
                        }
                    }
                    continue;
                }
                Step::Take(bytes) => (bytes, false),
                Step::TakeOrAllocate(bytes) => (bytes, true),
            };
            let class = model.take(bytes, blocks);
            let block = if allocate {
                Block::take_or_allocate(&pool, bytes)
            } else {
                Block::take(&pool, bytes)
            };
            if allocate && class.is_none() {
                model.fallbacks += 1;
                model.fallbacks_in_use += 1;
            }
            prop_assert_eq!(block.is_some(), class.is_some() || allocate);
            if let Some(mut block) = block {
                prop_assert_eq!(block.len(), bytes);
                prop_assert_eq!(block.as_ptr() as usize % ALIGNMENT, 0);
                prop_assert_eq!(block.is_fallback(), class.is_none());
                block.fill(mark);
                held.push((block, class, mark));
            }
            let stats = pool.stats();
            prop_assert_eq!(stats.classes.map(|class| class.used), model.used);
            prop_assert_eq!(stats.classes.map(|class| class.high_water), model.high_water);
            prop_assert_eq!(stats.classes.map(|class| class.blocks), blocks);
            prop_assert_eq!(stats.misses, model.misses);
            prop_assert_eq!(stats.fallbacks, model.fallbacks);
            prop_assert_eq!(stats.fallbacks_in_use, model.fallbacks_in_use);
        }
    }
}

#[test]
fn no_two_threads_ever_own_the_same_block() {
    let pool = Pool::new(Capacity {
        small: 3,
        medium: 0,
        large: 0,
    })
    .unwrap();
    std::thread::scope(|scope| {
        for thread in 1..=3_u8 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let Some(mut block) = Block::take(pool, 64) else {
                        continue;
                    };
                    block.fill(thread);
                    if round % 16 == 0 {
                        std::thread::yield_now();
                    }
                    assert!(block.iter().all(|&byte| byte == thread));
                }
            });
        }
    });
    let small = pool.stats().classes[0];
    assert_eq!(small.used, 0);
    assert!((1..=3).contains(&small.high_water));
}

#[test]
fn a_block_may_be_given_back_by_another_thread_and_outlive_every_other_handle() {
    let pool = Arc::new(
        Pool::new(Capacity {
            small: 2,
            medium: 0,
            large: 0,
        })
        .unwrap(),
    );
    let (sender, receiver) = mpsc::sync_channel::<Block<Arc<Pool>>>(2);
    let other = std::thread::spawn(move || {
        let mut sum = 0_u64;
        while let Ok(block) = receiver.recv() {
            sum += u64::from(block[0]);
        }
        sum
    });
    let mut sent = 0_u64;
    for round in 0..ROUNDS {
        if let Some(mut block) = Block::take(Arc::clone(&pool), 1) {
            block[0] = round as u8;
            sent += u64::from(round as u8);
            sender.send(block).unwrap();
        } else {
            std::thread::yield_now();
        }
    }
    let last = Block::take_or_allocate(Arc::clone(&pool), 16).unwrap();
    drop((pool, sender));
    assert_eq!(last.len(), 16);
    assert_eq!(other.join().unwrap(), sent);
}

#[test]
fn more_blocks_than_can_be_numbered_are_refused() {
    let capacity = Capacity {
        small: 65_536,
        medium: 0,
        large: 0,
    };
    assert_eq!(
        Pool::new(capacity).unwrap_err(),
        PoolError::TooManyBlocks(65_536)
    );
}

#[test]
fn the_heap_is_used_only_where_it_was_asked_for() {
    let pool = Pool::new(Capacity::default()).unwrap();
    assert!(Block::take(&pool, 1).is_none());
    let block = Block::take_or_allocate(&pool, 1_000_000).unwrap();
    assert!(block.is_fallback());
    let stats = pool.stats();
    assert_eq!(
        (stats.misses, stats.fallbacks, stats.fallbacks_in_use),
        (2, 1, 1)
    );
    drop(block);
    assert_eq!(pool.stats().fallbacks_in_use, 0);
}

#[test]
#[cfg(not(miri))]
fn a_pool_is_locked_where_the_limit_permits_and_says_so() {
    let pool = Pool::locked(Capacity {
        small: 4,
        medium: 0,
        large: 0,
    })
    .unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let locked = status
        .lines()
        .find_map(|line| line.strip_prefix("VmLck:"))
        .unwrap();
    let kilobytes: u64 = locked.trim().trim_end_matches(" kB").parse().unwrap();
    assert_eq!(pool.stats().locked, kilobytes >= 4);
}
