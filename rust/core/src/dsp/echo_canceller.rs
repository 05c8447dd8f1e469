//! Acoustic echo cancellation: what the loudspeaker plays is taken out of what the microphone hears.
//!
//! A partitioned-block adaptive filter in the frequency domain, adapted by a Kalman filter with a
//! diagonal covariance (F. Kuech, E. Mabande, G. Enzner, *State-space architecture of the
//! partitioned-block-based acoustic echo controller*, ICASSP 2014). Its step follows from how sure
//! the filter is of itself and how loud the near end is, bin by bin: no double-talk detector decides
//! when it may learn. What is left is suppressed by [`ResidualEcho`].

use super::{
    FRAME, Frame,
    residual_echo::ResidualEcho,
    transform::{BINS, SILENCE, Spectrum, Transform},
};

/// Frames that the filter looks back: delay of the echo and length of the room's response together
/// may be 320 ms.
const PARTITIONS: usize = 32;
/// Share of the echo path that stays from frame to frame. The rest is what the filter must be ready
/// to learn anew: a room changes within about half a minute.
const TRANSITION: f32 = 0.9997;
/// Variance of each coefficient before anything is known: an echo path of −5 dB spread over all
/// partitions.
const FIRST_VARIANCE: f32 = 0.01;
/// Smoothing of the near end's power, a frame. It rises twice as fast, so that the first frame of
/// near speech already slows the adaptation.
const NEAR_SMOOTHING: f32 = 0.9;
/// Of the error's power at least so much is believed to be the near end.
const LEAST_NEAR: f32 = 0.05;
/// Power of a bin, with 1 = full scale, below which there is nothing to hear: −82 dBFS of noise.
const FLOOR: f32 = 1e-6;
/// Smoothing of how the error goes with the predicted echo, a frame: 200 ms.
const MATCH_SMOOTHING: f32 = 0.95;
/// A predicted echo that is not in the near end is in the error, negative. Where more than half of
/// it is, the room has changed, or the filter has diverged: it is begun anew. Near speech does not
/// look like that, as it has nothing in common with the prediction.
const MISMATCH: f32 = -0.5;
/// Frames that a filter is given before it is judged.
const PROBATION: u32 = 25;
/// Frames after which each partition was once forced to be causal: all of them in 80 ms.
const CONSTRAINED_A_FRAME: usize = 4;

/// One block of the echo path's response, how unsure it is, and the far end at its distance.
#[derive(Clone, Debug)]
struct Partition {
    response: Spectrum,
    variance: [f32; BINS],
}

/// Takes the echo of a far end out of a near end, frame by frame of 10 ms at 16 kHz.
#[derive(Debug)]
pub struct EchoCanceller {
    transform: Transform,
    partitions: Vec<Partition>,
    /// Spectra of the far end; the newest at `newest`, older ones behind it, round the end.
    far: Vec<Spectrum>,
    newest: usize,
    far_past: Frame,
    near_power: [f32; BINS],
    /// Which partition is constrained next.
    turn: usize,
    /// Smoothed products of the predicted echo with the error and with itself.
    mismatch: (f32, f32),
    /// Frames since the filter was begun.
    age: u32,
    residual: ResidualEcho,
}

impl Default for EchoCanceller {
    fn default() -> Self {
        Self::new()
    }
}

impl EchoCanceller {
    /// A canceller that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let nothing = Partition {
            response: SILENCE,
            variance: [FIRST_VARIANCE; BINS],
        };
        Self {
            transform: Transform::new(),
            partitions: vec![nothing; PARTITIONS],
            far: vec![SILENCE; PARTITIONS],
            newest: 0,
            far_past: [0.0; FRAME],
            near_power: [0.0; BINS],
            turn: 0,
            mismatch: (0.0, 0.0),
            age: 0,
            residual: ResidualEcho::new(),
        }
    }

    /// Takes the next frame of both ends. What comes out is the near end of **one frame before**,
    /// without the echo.
    pub fn process(&mut self, far: &Frame, near: &Frame) -> Frame {
        self.remember(far);
        let (echo, uncertainty) = self.predict();
        let mut error = *near;
        for (error, echo) in error.iter_mut().zip(&echo) {
            *error -= echo;
        }
        self.adapt(&error, &uncertainty);
        self.judge(&echo, &error);
        self.residual
            .suppress(&mut self.transform, &error, &echo, &uncertainty)
    }

    fn remember(&mut self, far: &Frame) {
        let spectrum = self.transform.forward(&self.far_past, far);
        self.far_past = *far;
        self.newest = (self.newest + PARTITIONS - 1) % PARTITIONS;
        if let Some(place) = self.far.get_mut(self.newest) {
            *place = spectrum;
        }
    }

    /// The echo in this frame, and the power of what the filter may be wrong about.
    fn predict(&mut self) -> (Frame, [f32; BINS]) {
        let (mut echo, mut uncertainty) = (SILENCE, [0.0_f32; BINS]);
        let (newer, older) = self.far.split_at(self.newest);
        for (partition, far) in self.partitions.iter().zip(older.iter().chain(newer)) {
            let knowledge = partition.response.iter().zip(&partition.variance);
            let sums = echo.iter_mut().zip(&mut uncertainty);
            for ((far, (response, variance)), (echo, uncertainty)) in
                far.iter().zip(knowledge).zip(sums)
            {
                *echo += far * response;
                *uncertainty += far.norm_sqr() * variance;
            }
        }
        for value in &mut uncertainty {
            // Half the samples of each transform count: the error's other half is zeros.
            *value *= 0.5;
        }
        let (_wrapped, echo) = self.transform.inverse(&echo);
        (echo, uncertainty)
    }

    fn adapt(&mut self, error: &Frame, uncertainty: &[f32; BINS]) {
        let error = self.transform.forward(&[0.0; FRAME], error);
        let mut step = [0.0_f32; BINS];
        let known = error.iter().zip(uncertainty);
        for ((step, near), (error, uncertainty)) in
            step.iter_mut().zip(&mut self.near_power).zip(known)
        {
            let power = error.norm_sqr();
            let now = (power - uncertainty).max(LEAST_NEAR * power);
            let keep = if now > *near {
                NEAR_SMOOTHING / 2.0
            } else {
                NEAR_SMOOTHING
            };
            *near = keep * *near + (1.0 - keep) * now;
            *step = 1.0 / (uncertainty + *near + FLOOR);
        }
        let keep = TRANSITION * TRANSITION;
        let (newer, older) = self.far.split_at(self.newest);
        for (partition, far) in self.partitions.iter_mut().zip(older.iter().chain(newer)) {
            let knowledge = partition.response.iter_mut().zip(&mut partition.variance);
            let evidence = far.iter().zip(&error).zip(&step);
            for (((far, error), step), (response, variance)) in evidence.zip(knowledge) {
                let gain = *variance * step;
                *response += far.conj() * error * gain;
                let learnt = (1.0 - 0.5 * gain * far.norm_sqr()).max(0.0);
                *variance = keep * learnt * *variance + (1.0 - keep) * response.norm_sqr();
            }
        }
        self.constrain();
    }

    /// A partition's response is one frame long: what adaptation wrapped into the second is removed.
    fn constrain(&mut self) {
        for _ in 0..CONSTRAINED_A_FRAME {
            self.turn = (self.turn + 1) % PARTITIONS;
            if let Some(partition) = self.partitions.get_mut(self.turn) {
                let (response, _wrapped) = self.transform.inverse(&partition.response);
                partition.response = self.transform.forward(&response, &[0.0; FRAME]);
            }
        }
    }

    /// Begins anew where what is predicted is not there.
    fn judge(&mut self, echo: &Frame, error: &Frame) {
        let (with_error, with_itself) = &mut self.mismatch;
        *with_error = MATCH_SMOOTHING * *with_error + product(echo, error);
        *with_itself = MATCH_SMOOTHING * *with_itself + product(echo, echo);
        self.age = self.age.saturating_add(1);
        if self.age > PROBATION && *with_itself > FLOOR && *with_error < MISMATCH * *with_itself {
            self.mismatch = (0.0, 0.0);
            self.age = 0;
            for partition in &mut self.partitions {
                partition.response = SILENCE;
                partition.variance = [FIRST_VARIANCE; BINS];
            }
        }
    }

    /// Forgets the signals, as after a pause, but not the room: `far` and `near` went on elsewhere.
    pub fn rejoin(&mut self) {
        self.far.fill(SILENCE);
        self.far_past = [0.0; FRAME];
        self.residual = ResidualEcho::new();
    }
}

fn product(a: &Frame, b: &Frame) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
