//! Two and three threads over one ring, small enough for an interpreter that checks every access:
//! `make miri` runs this under eight schedules.
#![cfg(not(loom))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::thread;

use voicestand_core::ring::{Producer, Read, ReadPinned, Reader, Shape, Stamp, ring};

const BLOCKS: u32 = 24;

fn shape(pins: usize) -> Shape {
    Shape {
        blocks: 4,
        block_samples: 3,
        readers: 2,
        pins,
    }
}

fn publish(producer: &mut Producer) {
    for n in 0..BLOCKS {
        producer.publish(|samples| {
            samples.fill(n as f32);
            Some(Stamp {
                frames: 3,
                source_frames: 3,
                adc_ns: u64::from(n),
                ..Stamp::default()
            })
        });
    }
}

fn check(stamp: Stamp, samples: &[f32]) {
    assert_eq!(stamp.frame, stamp.adc_ns * 3);
    assert_eq!(samples, [stamp.adc_ns as f32; 3]);
}

/// Reads to the end, sleeping where there is nothing.
fn listen(mut reader: Reader) {
    loop {
        let nothing = match reader.read() {
            Read::Block(block) => {
                block.with_samples(|samples| check(block.stamp(), samples));
                false
            }
            Read::Empty => true,
            Read::Closed => break,
        };
        if nothing {
            reader.wait(None);
        }
    }
    let books = reader.books();
    assert_eq!(books.delivered + books.lost, u64::from(BLOCKS) * 3);
}

#[test]
fn two_readers_and_a_producer_that_overruns_them_touch_nothing_of_one_another() {
    let (mut producer, ring) = ring(shape(0));
    let readers = [
        ring.reader().expect("a desk"),
        ring.reader().expect("a desk"),
    ];
    thread::scope(|scope| {
        for reader in readers {
            scope.spawn(move || listen(reader));
        }
        scope.spawn(move || publish(&mut producer));
    });
}

#[test]
fn kept_blocks_stay_as_they_are_and_outlive_everybody() {
    let (mut producer, ring) = ring(shape(2));
    let mut reader = ring.reader().expect("a desk");
    let keeping = thread::spawn(move || {
        let mut kept = Vec::new();
        loop {
            match reader.read_pinned() {
                ReadPinned::Block(block) => kept.push(block),
                ReadPinned::NoPinLeft => {
                    let oldest = kept.remove(0);
                    oldest.with_samples(|samples| check(oldest.stamp(), samples));
                }
                ReadPinned::Empty => {
                    reader.wait(None);
                }
                ReadPinned::Closed => return kept,
            }
        }
    });
    publish(&mut producer);
    drop((producer, ring));
    for block in keeping.join().unwrap() {
        block.with_samples(|samples| check(block.stamp(), samples));
    }
}

#[test]
fn readers_come_and_go_while_audio_runs() {
    let (mut producer, ring) = ring(shape(0));
    thread::scope(|scope| {
        scope.spawn(move || publish(&mut producer));
        for _ in 0..6 {
            let mut reader = ring.reader().expect("a desk");
            while let Read::Block(block) = reader.read() {
                block.with_samples(|samples| check(block.stamp(), samples));
            }
        }
    });
}
