//! Halving the sample rate by a half-band filter: every second coefficient of it is zero.

use super::{
    filter::{HALVING_DB, Lowpass},
    fir::{Fir, WIDE},
    history::CHUNK,
};

/// One halving. Output n lies at input 2n.
#[derive(Clone, Debug)]
pub(super) struct HalfBand {
    fir: Fir,
    /// Coefficients ½, 1½, 2½ … outputs from the centre.
    taps: Box<[f32]>,
    /// Even samples, from that of the next output on.
    even: Box<[f32]>,
    evens: usize,
    /// Odd samples, from `taps.len()` before the next output on.
    odd: Box<[f32]>,
    odds: usize,
    next_is_odd: bool,
    output: Box<[f32]>,
}

impl HalfBand {
    /// A filter that passes up to `pass`, a share of the input's Nyquist frequency below a half, and
    /// stops from `1 - pass` on.
    pub(super) fn new(fir: Fir, pass: f64) -> Self {
        let lowpass = Lowpass::new(pass, 1.0 - pass, HALVING_DB);
        let count = lowpass.reach().div_ceil(2).max(1);
        let taps: Vec<f64> = (0..count)
            .map(|j| lowpass.at(2.0 * j as f64 + 1.0))
            .collect();
        // Both sides together let DC through by a half; the centre is the other half.
        let scale = 0.25 / taps.iter().sum::<f64>();
        let mut this = Self {
            fir,
            taps: taps.iter().map(|tap| (tap * scale) as f32).collect(),
            even: vec![0.0; CHUNK + 2 * count + WIDE].into(),
            evens: 0,
            odd: vec![0.0; CHUNK + 4 * count + WIDE].into(),
            odds: 0,
            next_is_odd: false,
            output: vec![0.0; CHUNK].into(),
        };
        this.reset();
        this
    }

    /// As at the beginning.
    pub(super) fn reset(&mut self) {
        self.odd.fill(0.0);
        self.evens = 0;
        self.odds = self.taps.len();
        self.next_is_odd = false;
    }

    /// Input samples that must be known beyond an output.
    pub(super) fn delay(&self) -> usize {
        2 * self.taps.len() - 1
    }

    /// Takes up to [`CHUNK`] samples; returns what they complete at half the rate.
    pub(super) fn process(&mut self, input: &[f32]) -> &[f32] {
        self.split(input);
        let reach = self.taps.len();
        let count = (self.odds + 1).saturating_sub(2 * reach).min(self.evens);
        let Some(output) = self.output.get_mut(..count) else {
            return &[];
        };
        self.fir
            .half_band(&self.taps, &self.even, &self.odd, output);
        self.even.copy_within(count..self.evens, 0);
        self.odd.copy_within(count..self.odds, 0);
        self.evens -= count;
        self.odds -= count;
        output
    }

    fn split(&mut self, input: &[f32]) {
        let mut input = input;
        if let (true, Some((first, rest))) = (self.next_is_odd, input.split_first()) {
            if let Some(place) = self.odd.get_mut(self.odds) {
                *place = *first;
                self.odds += 1;
            }
            self.next_is_odd = false;
            input = rest;
        }
        let (pairs, last) = input.as_chunks::<2>();
        let even = self.even.get_mut(self.evens..).unwrap_or_default();
        let odd = self.odd.get_mut(self.odds..).unwrap_or_default();
        for ((even, odd), [first, second]) in even.iter_mut().zip(odd).zip(pairs) {
            *even = *first;
            *odd = *second;
        }
        self.evens += pairs.len();
        self.odds += pairs.len();
        if let ([last], Some(place)) = (last, self.even.get_mut(self.evens)) {
            *place = *last;
            self.evens += 1;
            self.next_is_odd = true;
        }
    }
}
