//! Any order of publishing, reading, keeping, letting go, joining and leaving: every block is whole, and
//! all books balance. Each byte is a step: its upper half says what, its lower half how many or whose.
#![no_main]

use libfuzzer_sys::fuzz_target;
use voicestand_core::ring::{PinnedBlock, Producer, Read, ReadPinned, Reader, Shape, Stamp, ring};

const READERS: usize = 3;

fn publish(producer: &mut Producer, frames: u32) {
    let frame = producer.frame();
    producer.publish(|samples| {
        samples.fill(frame as f32);
        Some(Stamp {
            frames,
            source_frames: frames,
            ..Stamp::default()
        })
    });
}

fn check(stamp: Stamp, samples: &[f32]) {
    assert!(samples.iter().all(|&sample| sample == stamp.frame as f32));
}

/// A reader, and where the stream stood when it joined.
struct Seat {
    reader: Reader,
    joined: u64,
}

impl Seat {
    fn balance(&self, published: u64) {
        let books = self.reader.books();
        assert!(self.joined + books.delivered + books.lost <= published);
        if self.reader.lag() == 0 {
            assert_eq!(self.joined + books.delivered + books.lost, published);
        }
    }
}

fuzz_target!(|steps: &[u8]| {
    let (mut producer, ring) = ring(Shape {
        blocks: 5,
        block_samples: 3,
        readers: READERS,
        pins: 2,
    });
    let mut seats: [Option<Seat>; READERS] = Default::default();
    let mut kept: Vec<PinnedBlock> = Vec::new();
    for step in steps {
        let (what, count) = (step >> 4, step & 15);
        let seat = &mut seats[usize::from(count) % READERS];
        match (what % 6, seat) {
            (0 | 1, _) => (0..=count).for_each(|_| publish(&mut producer, u32::from(what))),
            (2, seat @ None) => {
                let joined = ring.source_frames();
                *seat = ring.reader().map(|reader| Seat { reader, joined });
            }
            (2, seat) => *seat = None,
            (3, Some(seat)) => {
                if let Read::Block(block) = seat.reader.read() {
                    block.with_samples(|samples| check(block.stamp(), samples));
                }
            }
            (4, Some(seat)) => {
                if let ReadPinned::Block(block) = seat.reader.read_pinned() {
                    kept.push(block);
                }
            }
            (5, _) => drop(kept.pop()),
            _ => {}
        }
        for block in &kept {
            block.with_samples(|samples| check(block.stamp(), samples));
        }
        for seat in seats.iter().flatten() {
            seat.balance(ring.source_frames());
        }
    }
});
