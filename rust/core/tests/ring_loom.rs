//! Every interleaving of the ring that ships, within loom's bounds.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p voicestand-core --test ring_loom`
#![cfg(loom)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use loom::thread;
use voicestand_core::ring::{PinnedBlock, Producer, Read, ReadPinned, Reader, Shape, Stamp, ring};

fn check(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.max_branches = 10_000;
    builder.check(model);
}

fn shape(readers: usize) -> Shape {
    Shape {
        blocks: 2,
        block_samples: 1,
        readers,
        pins: 1,
    }
}

/// Publishes `blocks` blocks; block n holds frames n(n+1)/2 … and the sample n.
fn publish(producer: &mut Producer, blocks: u32) {
    for n in 0..blocks {
        producer.publish(|samples| {
            samples.fill(n as f32);
            Some(Stamp {
                frames: n + 1,
                source_frames: n + 1,
                ..Stamp::default()
            })
        });
    }
}

const fn frames_of(blocks: u32) -> u64 {
    (blocks as u64) * (blocks as u64 + 1) / 2
}

/// Reads one block if there is one; checks that its content is that of its stamp. Whether to go on.
fn read_one(reader: &mut Reader, next: &mut u64) -> bool {
    match reader.read() {
        Read::Block(block) => {
            let stamp = block.stamp();
            assert_eq!(stamp.frame, *next + block.lost_before());
            assert!(block.with_samples(|samples| samples[0] == (stamp.frames - 1) as f32));
            *next = stamp.frame + u64::from(stamp.frames);
            true
        }
        Read::Empty => {
            thread::yield_now();
            true
        }
        Read::Closed => false,
    }
}

#[test]
fn an_overrun_reader_never_sees_a_torn_block_and_its_books_balance() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        let writer = thread::spawn(move || publish(&mut producer, 4));
        let mut next = 0;
        for _ in 0..2 {
            read_one(&mut reader, &mut next);
        }
        writer.join().unwrap();
        while read_one(&mut reader, &mut next) {}
        let books = reader.books();
        assert_eq!(books.delivered + books.lost, frames_of(4));
        assert_eq!(ring.source_frames(), frames_of(4));
    });
}

#[test]
fn a_block_held_by_a_reader_is_left_alone_while_the_producer_goes_round() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        publish(&mut producer, 1);
        let writer = thread::spawn(move || publish(&mut producer, 4));
        if let Read::Block(block) = reader.read() {
            let stamp = block.stamp();
            thread::yield_now();
            assert!(block.with_samples(|samples| samples[0] == (stamp.frames - 1) as f32));
        }
        writer.join().unwrap();
    });
}

#[test]
fn two_readers_keep_books_of_their_own() {
    check(|| {
        let (mut producer, ring) = ring(shape(2));
        let mut one = ring.reader().expect("a desk is free");
        let mut two = ring.reader().expect("a desk is free");
        let other = thread::spawn(move || {
            let mut next = 0;
            read_one(&mut two, &mut next);
            two
        });
        publish(&mut producer, 3);
        drop(producer);
        let mut two = other.join().unwrap();
        for reader in [&mut one, &mut two] {
            while !matches!(reader.read(), Read::Closed) {
                thread::yield_now();
            }
            assert_eq!(reader.books().delivered + reader.books().lost, frames_of(3));
        }
    });
}

#[test]
fn a_reader_may_join_and_leave_while_audio_runs() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let handle = ring.clone();
        let other = thread::spawn(move || {
            let mut reader = handle.reader().expect("a desk is free");
            while let Read::Block(block) = reader.read() {
                let stamp = block.stamp();
                assert_eq!(block.lost_before(), 0);
                assert!(block.with_samples(|samples| samples[0] == (stamp.frames - 1) as f32));
            }
        });
        publish(&mut producer, 2); // as many as the ring holds: nothing may be lost
        other.join().unwrap();
        assert!(ring.reader().is_some(), "the desk is free again");
    });
}

#[test]
fn a_sleeping_reader_is_woken_by_the_next_block_and_by_the_end() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        let writer = thread::spawn(move || publish(&mut producer, 1));
        let mut blocks = 0;
        loop {
            reader.wait(None);
            match reader.read() {
                Read::Block(_) => blocks += 1,
                Read::Closed => break,
                Read::Empty => panic!("woken for nothing"),
            }
        }
        assert_eq!(blocks, 1);
        writer.join().unwrap();
    });
}

#[test]
fn a_waiting_producer_is_woken_when_a_reader_moves_on() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        publish(&mut producer, 2);
        let reading = thread::spawn(move || {
            assert!(matches!(reader.read(), Read::Block(_)));
            reader
        });
        ring.wait_for_slack(1, None);
        assert!(ring.slack() >= 1);
        reading.join().unwrap();
    });
}

/// The number in the block, which must be that of its stamp.
fn number_of(block: &PinnedBlock) -> u32 {
    let frames = block.stamp().frames;
    assert!(block.with_samples(|samples| samples[0] == (frames - 1) as f32));
    frames - 1
}

#[test]
fn a_pinned_block_stays_as_it_is_when_the_read_is_over_and_the_producer_goes_round() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        publish(&mut producer, 1);
        let writer = thread::spawn(move || publish(&mut producer, 4));
        if let ReadPinned::Block(block) = reader.read_pinned() {
            let number = number_of(&block);
            // The desk goes on to other blocks, and away.
            let next = reader.read_pinned();
            assert!(!matches!(next, ReadPinned::Block(_)), "one pin");
            drop(reader.read());
            drop(reader);
            assert_eq!(number_of(&block), number);
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_pinned_block_may_be_let_go_by_another_thread_while_audio_runs() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        publish(&mut producer, 1);
        let ReadPinned::Block(block) = reader.read_pinned() else {
            panic!("a block was published");
        };
        let other = thread::spawn(move || assert_eq!(number_of(&block), 0));
        publish(&mut producer, 4);
        // The same pin is taken again, perhaps while the other thread lets go of it.
        if let ReadPinned::Block(block) = reader.read_pinned() {
            number_of(&block);
        }
        other.join().unwrap();
        publish(&mut producer, 2);
        assert!(matches!(reader.read_pinned(), ReadPinned::Block(_)));
    });
}

#[test]
fn a_reader_that_joins_while_audio_runs_loses_nothing_by_joining() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        publish(&mut producer, 1);
        let writer = thread::spawn(move || {
            publish(&mut producer, 2); // as many as the ring holds
            producer
        });
        let mut reader = ring.reader().expect("a desk is free");
        drop(writer.join().unwrap());
        while let Read::Block(block) = reader.read() {
            assert_eq!(block.lost_before(), 0);
        }
    });
}

#[test]
fn a_desk_that_was_left_further_on_does_not_hide_the_claim_of_the_next_reader() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        publish(&mut producer, 3);
        drop(ring.reader().expect("a desk is free"));
        let writer = thread::spawn(move || publish(&mut producer, 3));
        let mut reader = ring.reader().expect("a desk is free");
        let mut next = reader_at(&mut reader);
        while read_one(&mut reader, &mut next) {}
        writer.join().unwrap();
    });
}

/// The frame that the reader is to read next, learnt from the first block it sees; it must be whole.
fn reader_at(reader: &mut Reader) -> u64 {
    loop {
        match reader.read() {
            Read::Block(block) => {
                let stamp = block.stamp();
                assert!(block.with_samples(|samples| samples[0] == (stamp.frames - 1) as f32));
                return stamp.frame + u64::from(stamp.frames);
            }
            Read::Empty => thread::yield_now(),
            Read::Closed => return 0,
        }
    }
}

#[test]
fn a_reader_claims_several_blocks_at_once_and_is_overrun_within_them() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        publish(&mut producer, 2);
        let mut next = 0;
        // Claims the next one with it: that is looked at without another fence.
        read_one(&mut reader, &mut next);
        let writer = thread::spawn(move || {
            for n in 2..6 {
                producer.publish(|samples| {
                    samples.fill(n as f32);
                    Some(Stamp {
                        frames: n + 1,
                        source_frames: n + 1,
                        ..Stamp::default()
                    })
                });
            }
        });
        read_one(&mut reader, &mut next);
        writer.join().unwrap();
        while read_one(&mut reader, &mut next) {}
        assert_eq!(reader.books().delivered + reader.books().lost, frames_of(6));
    });
}

#[test]
fn a_dozing_reader_is_woken_by_the_end_and_not_by_a_block() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        let writer = thread::spawn(move || publish(&mut producer, 1));
        reader.doze(u64::MAX);
        let mut next = 0;
        while read_one(&mut reader, &mut next) {}
        assert_eq!(next, frames_of(1));
        writer.join().unwrap();
    });
}

#[test]
fn two_readers_that_wait_for_the_first_time_at_once_are_both_woken() {
    check(|| {
        let (mut producer, ring) = ring(shape(2));
        let readers = [ring.reader(), ring.reader()];
        let waiting = readers.map(|reader| {
            let mut reader = reader.expect("a desk is free");
            thread::spawn(move || {
                reader.wait(None);
                assert!(matches!(reader.read(), Read::Block(_)));
            })
        });
        publish(&mut producer, 1);
        for reader in waiting {
            reader.join().unwrap();
        }
        drop(producer);
    });
}

#[test]
fn a_sleeping_reader_is_woken_by_a_block_alone() {
    check(|| {
        let (mut producer, ring) = ring(shape(1));
        let mut reader = ring.reader().expect("a desk is free");
        let writer = thread::spawn(move || {
            publish(&mut producer, 1);
            producer // dropped here, it would wake the reader, too
        });
        reader.wait(None);
        assert!(matches!(reader.read(), Read::Block(_)));
        drop(writer.join().unwrap());
    });
}
