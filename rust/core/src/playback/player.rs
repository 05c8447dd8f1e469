//! The writing end: waits for room, where the device's side never waits.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Output, output::PHRASE_ENDS};
use crate::ring::{Producer, Ring, Shape, Stamp, Wake, ring};

/// Frames in a block of the playback ring.
const BLOCK_FRAMES: usize = 256;

/// What a player is to carry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlayerSpec {
    /// Hz, 1,000 to 768,000.
    pub sample_rate: u32,
    /// 1 to 256.
    pub channels: usize,
    /// How much may wait to be played, seconds: 0.01 to 60.
    pub seconds: f64,
}

/// How much of what was written went in, and why not all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Frames accepted.
    pub frames: usize,
    /// `Ready` if that is all of them, or if the player was closed.
    pub end: Wake,
}

/// A ring from which a device plays. Writing waits for room, so that nothing is ever lost.
#[derive(Debug)]
pub struct Player {
    spec: PlayerSpec,
    /// `None` once it is closed.
    producer: Mutex<Option<Producer>>,
    ring: Ring,
    output: Arc<Output>,
}

impl Player {
    /// A player, all its memory allocated; `None` for a spec out of range.
    #[must_use]
    pub fn new(spec: PlayerSpec) -> Option<Self> {
        let possible = (1_000..=768_000).contains(&spec.sample_rate)
            && (1..=256).contains(&spec.channels)
            && (0.01..=60.0).contains(&spec.seconds);
        if !possible {
            return None;
        }
        let frames = spec.seconds * f64::from(spec.sample_rate);
        let block_samples = BLOCK_FRAMES * spec.channels;
        let (producer, ring) = ring(Shape {
            blocks: (frames / BLOCK_FRAMES as f64).ceil().max(2.0) as usize,
            block_samples,
            readers: 1,
            pins: 0,
        });
        let reader = ring.reader()?;
        Some(Self {
            spec,
            producer: Mutex::new(Some(producer)),
            ring,
            output: Arc::new(Output::new(reader, spec.channels, block_samples)),
        })
    }

    /// What the player was made for.
    #[must_use]
    pub fn spec(&self) -> PlayerSpec {
        self.spec
    }

    /// The device's side.
    #[must_use]
    pub fn output(&self) -> &Arc<Output> {
        &self.output
    }

    /// Appends interleaved `samples`, waiting for room, in all at most `timeout` (`None`: no limit).
    ///
    /// Accepts fewer frames than it is given only when the time is over, a Unix signal comes or the
    /// player is closed.
    pub fn write(&self, samples: &[f32], timeout: Option<Duration>) -> Written {
        let deadline = timeout.and_then(|limit| Instant::now().checked_add(limit));
        let mut frames = 0;
        for part in samples.chunks(BLOCK_FRAMES * self.spec.channels) {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            let end = self.ring.wait_for_slack(1, left);
            if end != Wake::Ready {
                return Written { frames, end };
            }
            let count = part.len() / self.spec.channels;
            if !self.publish(part, count, 0) {
                break;
            }
            frames += count;
        }
        Written {
            frames,
            end: Wake::Ready,
        }
    }

    /// Says that silence may follow what was written so far: it is no underrun.
    ///
    /// Waits for room as [`write`](Self::write) does.
    pub fn end_phrase(&self, timeout: Option<Duration>) -> Wake {
        let end = self.ring.wait_for_slack(1, timeout);
        if end == Wake::Ready {
            self.publish(&[], 0, PHRASE_ENDS);
        }
        end
    }

    /// Waits until the device was given everything that was written.
    pub fn wait_until_given(&self, timeout: Option<Duration>) -> Wake {
        self.ring.wait_for_slack(self.ring.capacity(), timeout)
    }

    /// No more will be written: the device plays what there is and then ends. Safe to repeat.
    pub fn close(&self) {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        drop(producer.take());
    }

    /// Whether the player is open and took the block.
    fn publish(&self, samples: &[f32], frames: usize, flags: u32) -> bool {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(producer) = producer.as_mut() else {
            return false;
        };
        producer.publish(|block| {
            let used = frames * self.spec.channels;
            block.get_mut(..used)?.copy_from_slice(samples.get(..used)?);
            Some(Stamp {
                frames: frames as u32,
                source_frames: frames as u32,
                flags,
                ..Stamp::default()
            })
        });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn player(channels: usize, seconds: f64) -> Player {
        Player::new(PlayerSpec {
            sample_rate: 48_000,
            channels,
            seconds,
        })
        .expect("a possible spec")
    }

    /// What the device is given in calls of these many frames.
    fn played(player: &Player, calls: &[usize]) -> Vec<f32> {
        let channels = player.spec().channels;
        let mut heard = Vec::new();
        for &frames in calls {
            let before = heard.len();
            heard.resize(before + frames * channels, 0.0);
            player.output().render(frames, false, |first, samples| {
                let at = before + first * channels;
                heard[at..at + samples.len()].copy_from_slice(samples);
            });
        }
        heard
    }

    proptest! {
        #[test]
        fn what_is_written_in_any_parts_is_played_in_any_parts(
            channels in 1_usize..=4,
            writes in prop::collection::vec(0_usize..700, 1..6),
            calls in prop::collection::vec(1_usize..900, 1..12),
        ) {
            let player = player(channels, 1.0);
            let total: usize = writes.iter().sum();
            let audio: Vec<f32> = (0..total * channels).map(|n| n as f32 + 1.0).collect();
            let mut rest = audio.as_slice();
            for frames in writes {
                let (part, later) = rest.split_at(frames * channels);
                prop_assert_eq!(player.write(part, None).frames, frames);
                rest = later;
            }
            let heard = played(&player, &calls);
            let given = heard.len().min(audio.len());
            prop_assert_eq!(&heard[..given], &audio[..given]);
            prop_assert!(heard[given..].iter().all(|&sample| sample == 0.0));
            let counts = player.output().counts();
            prop_assert_eq!(counts.played, (given / channels) as u64);
            let ran_dry = heard.len() > given && given > 0;
            prop_assert_eq!(counts.underruns, u64::from(ran_dry));
        }
    }

    #[test]
    fn silence_before_the_first_phrase_and_after_its_end_is_no_underrun() {
        let player = player(1, 1.0);
        played(&player, &[64]);
        player.write(&[1.0; 100], None);
        assert_eq!(player.end_phrase(None), Wake::Ready);
        played(&player, &[64, 64, 64]);
        assert_eq!(player.output().counts().underruns, 0);
        player.write(&[1.0; 32], None);
        played(&player, &[64, 64]);
        let counts = player.output().counts();
        assert_eq!((counts.underruns, counts.starved), (1, 32));
        assert_eq!(player.wait_until_given(Some(Duration::ZERO)), Wake::Ready);
    }

    #[test]
    fn a_full_player_accepts_what_there_is_room_for_and_loses_nothing() {
        let player = player(1, 0.05);
        let audio: Vec<f32> = (0..100_000).map(|n| n as f32).collect();
        let written = player.write(&audio, Some(Duration::from_millis(1)));
        assert_eq!(written.end, Wake::TimedOut);
        assert!((2_400..8_000).contains(&written.frames), "{written:?}");
        let heard = played(&player, &[written.frames]);
        assert_eq!(heard, audio[..written.frames]);
        assert_eq!(player.output().counts().underruns, 0);
    }

    #[test]
    fn a_closed_player_plays_what_it_has_and_is_over() {
        let player = player(2, 1.0);
        player.write(&[0.5; 20], None);
        player.close();
        assert_eq!(player.write(&[0.5; 20], None).frames, 0);
        assert!(!player.output().is_over());
        assert_eq!(played(&player, &[16])[..20], [0.5; 20]);
        assert!(player.output().is_over());
        assert_eq!(player.output().counts().underruns, 0);
    }
}
