//! The ring against a model that anyone can check by eye: a list of all blocks ever published.
#![cfg(not(loom))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use proptest::prelude::*;
use voicestand_core::ring::{Read, Reader, Shape, Stamp, ring};

#[derive(Clone, Debug)]
enum Step {
    Publish { frames: u32, source_frames: u32 },
    Read(usize),
    Join,
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u32..5, 0_u32..9)
            .prop_map(|(frames, source_frames)| Step::Publish { frames, source_frames }),
        5 => (0_usize..4).prop_map(Step::Read),
        1 => Just(Step::Join),
        1 => (0_usize..4).prop_map(Step::Leave),
    ]
}

/// What the model knows of a reader: which block it joined at, where it stands.
struct Follower {
    reader: Reader,
    joined: usize,
    next: usize,
}

fn frames_between(blocks: &[Stamp], from: usize, to: usize) -> u64 {
    blocks[from..to]
        .iter()
        .map(|stamp| u64::from(stamp.frames))
        .sum()
}

fn source_between(blocks: &[Stamp], from: usize, to: usize) -> u64 {
    blocks[from..to]
        .iter()
        .map(|stamp| u64::from(stamp.source_frames))
        .sum()
}

proptest! {
    #[test]
    fn every_reader_gets_each_block_or_is_told_what_it_lost(
        capacity in 1_usize..9,
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let readers = 3;
        let slots = capacity.max(2).next_power_of_two();
        let (mut producer, ring) = ring(Shape { blocks: capacity, block_samples: 3, readers });
        let mut blocks: Vec<Stamp> = Vec::new();
        let mut followers: Vec<Follower> = Vec::new();
        for step in steps {
            match step {
                Step::Publish { frames, source_frames } => {
                    let n = blocks.len() as f32;
                    let stamp = Stamp { frames, source_frames, adc_ns: n as u64, ..Stamp::default() };
                    producer.publish(|samples| {
                        samples.fill(n);
                        Some(stamp)
                    });
                    blocks.push(stamp);
                }
                Step::Join => match ring.reader() {
                    Some(reader) => {
                        prop_assert!(followers.len() < readers);
                        let here = blocks.len();
                        followers.push(Follower { reader, joined: here, next: here });
                    }
                    None => prop_assert_eq!(followers.len(), readers),
                },
                Step::Leave(which) if which < followers.len() => {
                    followers.swap_remove(which);
                }
                Step::Read(which) if which < followers.len() => {
                    let follower = &mut followers[which];
                    match follower.reader.read() {
                        Read::Block(block) => {
                            let here = follower.next.max(blocks.len().saturating_sub(slots));
                            let stamp = block.stamp();
                            prop_assert_eq!(stamp.adc_ns, here as u64);
                            prop_assert_eq!(stamp.frame, frames_between(&blocks, 0, here));
                            prop_assert_eq!(stamp.source_frame, source_between(&blocks, 0, here));
                            let lost = (follower.next, here);
                            prop_assert_eq!(
                                block.lost_before(), frames_between(&blocks, lost.0, lost.1));
                            prop_assert_eq!(
                                block.source_lost_before(), source_between(&blocks, lost.0, lost.1));
                            prop_assert!(block.with_samples(|s| s == [here as f32; 3]));
                            drop(block);
                            follower.next = here + 1;
                        }
                        Read::Empty => prop_assert_eq!(follower.next, blocks.len()),
                        Read::Closed => prop_assert!(false, "the producer is still there"),
                    }
                    let books = follower.reader.books();
                    prop_assert_eq!(
                        books.delivered + books.lost,
                        source_between(&blocks, follower.joined, follower.next)
                    );
                }
                Step::Leave(_) | Step::Read(_) => {}
            }
            let behind = followers.iter().map(|f| blocks.len() - f.next).max().unwrap_or(0);
            prop_assert_eq!(ring.slack(), (slots - behind.min(slots)) as u64);
        }
        drop(producer);
        for follower in &mut followers {
            while !matches!(follower.reader.read(), Read::Closed) {}
            let books = follower.reader.books();
            prop_assert_eq!(
                books.delivered + books.lost,
                source_between(&blocks, follower.joined, blocks.len())
            );
        }
    }
}

#[test]
fn frames_survive_two_threads_or_are_counted() {
    const BLOCKS: u64 = 200_000;
    let (mut producer, ring) = ring(Shape {
        blocks: 16,
        block_samples: 32,
        readers: 4,
    });
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let mut reader = ring.reader().expect("a desk is free");
            scope.spawn(move || {
                loop {
                    reader.wait(None);
                    match reader.read() {
                        Read::Block(block) => {
                            let n = (block.stamp().frame / 32) as f32;
                            assert!(
                                block.with_samples(|s| s.iter().all(|&x| x == n)),
                                "torn block"
                            );
                        }
                        Read::Empty => {}
                        Read::Closed => break,
                    }
                }
                assert_eq!(reader.books().delivered + reader.books().lost, BLOCKS * 32);
                assert!(reader.books().delivered > 0);
            });
        }
        for n in 0..BLOCKS {
            producer.publish(|samples| {
                samples.fill(n as f32);
                Some(Stamp {
                    frames: 32,
                    source_frames: 32,
                    ..Stamp::default()
                })
            });
        }
        drop(producer);
    });
}
