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
use voicestand_core::ring::{PinnedBlock, Read, ReadPinned, Reader, Shape, Stamp, ring};

#[derive(Clone, Debug)]
enum Step {
    Publish { frames: u32, source_frames: u32 },
    Read(usize),
    Keep(usize),
    LetGo(usize),
    Join,
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_u32..5, 0_u32..9)
            .prop_map(|(frames, source_frames)| Step::Publish { frames, source_frames }),
        5 => (0_usize..4).prop_map(Step::Read),
        3 => (0_usize..4).prop_map(Step::Keep),
        2 => (0_usize..4).prop_map(Step::LetGo),
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

/// What a reader that stood at `next` must be told when it is given block `here`.
fn check_block(
    blocks: &[Stamp],
    next: usize,
    here: usize,
    stamp: Stamp,
    lost: (u64, u64),
) -> Result<(), TestCaseError> {
    prop_assert_eq!(stamp.adc_ns, here as u64);
    prop_assert_eq!(stamp.frame, frames_between(blocks, 0, here));
    prop_assert_eq!(stamp.source_frame, source_between(blocks, 0, here));
    prop_assert_eq!(lost.0, frames_between(blocks, next, here));
    prop_assert_eq!(lost.1, source_between(blocks, next, here));
    Ok(())
}

proptest! {
    #[test]
    fn every_reader_gets_each_block_or_is_told_what_it_lost(
        capacity in 1_usize..9,
        pins in 0_usize..5,
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let readers = 3;
        let slots = capacity.max(2);
        let (mut producer, ring) = ring(Shape { blocks: capacity, block_samples: 3, readers, pins });
        let mut blocks: Vec<Stamp> = Vec::new();
        let mut followers: Vec<Follower> = Vec::new();
        let mut kept: Vec<(usize, PinnedBlock)> = Vec::new();
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
                Step::LetGo(which) if which < kept.len() => {
                    kept.swap_remove(which);
                }
                Step::Read(which) if which < followers.len() => {
                    let follower = &mut followers[which];
                    match follower.reader.read() {
                        Read::Block(block) => {
                            let lost = (block.lost_before(), block.source_lost_before());
                            let here = follower.next.max(blocks.len().saturating_sub(slots));
                            check_block(&blocks, follower.next, here, block.stamp(), lost)?;
                            prop_assert!(block.with_samples(|s| s == [here as f32; 3]));
                            drop(block);
                            follower.next = here + 1;
                        }
                        Read::Empty => prop_assert_eq!(follower.next, blocks.len()),
                        Read::Closed => prop_assert!(false, "the producer is still there"),
                    }
                }
                Step::Keep(which) if which < followers.len() => {
                    let follower = &mut followers[which];
                    match follower.reader.read_pinned() {
                        ReadPinned::Block(block) => {
                            prop_assert!(kept.len() < pins);
                            let lost = (block.lost_before(), block.source_lost_before());
                            let here = follower.next.max(blocks.len().saturating_sub(slots));
                            check_block(&blocks, follower.next, here, block.stamp(), lost)?;
                            kept.push((here, block));
                            follower.next = here + 1;
                        }
                        ReadPinned::Empty => prop_assert_eq!(follower.next, blocks.len()),
                        ReadPinned::NoPinLeft => {
                            prop_assert!(follower.next < blocks.len());
                            prop_assert_eq!(kept.len(), pins);
                        }
                        ReadPinned::Closed => prop_assert!(false, "the producer is still there"),
                    }
                }
                Step::Leave(_) | Step::Read(_) | Step::Keep(_) | Step::LetGo(_) => {}
            }
            for follower in &followers {
                    let books = follower.reader.books();
                    prop_assert_eq!(
                        books.delivered + books.lost,
                        source_between(&blocks, follower.joined, follower.next)
                    );
            }
            for (number, block) in &kept {
                prop_assert!(block.with_samples(|s| s == [*number as f32; 3]));
                prop_assert_eq!(block.stamp().adc_ns, *number as u64);
            }
            prop_assert_eq!(ring.pinned(), kept.len());
            let behind = followers.iter().map(|f| blocks.len() - f.next).max().unwrap_or(0);
            prop_assert_eq!(ring.slack(), (slots - behind.min(slots)) as u64);
        }
        drop(producer);
        let at_the_end = kept.len();
        for follower in &mut followers {
            if at_the_end == pins {
                let nothing_left = follower.next == blocks.len();
                let read = follower.reader.read_pinned();
                prop_assert_eq!(matches!(read, ReadPinned::Closed), nothing_left);
                prop_assert_eq!(matches!(read, ReadPinned::NoPinLeft), !nothing_left);
            }
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
fn the_producer_goes_on_while_every_reader_looks_at_a_block_and_every_pin_is_taken() {
    let shape = Shape {
        blocks: 4,
        block_samples: 1,
        readers: 3,
        pins: 2,
    };
    let (mut producer, ring) = ring(shape);
    let mut publish = |number: u32| {
        producer.publish(|samples| {
            samples.fill(number as f32);
            let (frames, source_frames) = (1, 1);
            Some(Stamp {
                frames,
                source_frames,
                ..Stamp::default()
            })
        });
    };
    let mut readers: Vec<Reader> = (0..3).filter_map(|_| ring.reader()).collect();
    let mut kept = Vec::new();
    // Each hazard names a block of its own, long off the ring.
    for number in 0..2 {
        publish(number);
        match readers[0].read_pinned() {
            ReadPinned::Block(block) => kept.push((number, block)),
            other => panic!("a block was written: {other:?}"),
        }
    }
    for (number, reader) in (2..).zip(&mut readers) {
        publish(number);
        loop {
            match reader.read() {
                Read::Block(block) if block.stamp().frame == u64::from(number) => {
                    std::mem::forget(block); // as if it were looked at for ever
                    break;
                }
                Read::Block(_) => {}
                other => panic!("a block was written: {other:?}"),
            }
        }
    }
    for number in 5..200 {
        publish(number);
        assert_eq!(ring.source_frames(), u64::from(number) + 1);
        for (number, block) in &kept {
            assert!(block.with_samples(|samples| samples == [*number as f32]));
        }
    }
}
