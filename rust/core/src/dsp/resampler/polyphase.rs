//! The last stage for a ratio of small integers: a filter of its own for every phase.

use super::{
    Ratio,
    filter::Lowpass,
    fir::{Fir, GROUP, LANES, Line, Lines},
    history::History,
};

/// The most memory the filters may take, bytes: a quarter of a small second-level cache.
const LARGEST_BANK: usize = 1 << 19;

/// Output k lies at input k·`down`/`up`, kept in integers.
#[derive(Clone, Debug)]
pub(super) struct Polyphase {
    fir: Fir,
    groups: Box<[Group]>,
    bank: Box<[Lines]>,
    /// Elements of `bank` for each group.
    lines: usize,
    /// Length of one filter, in samples.
    taps: usize,
    history: History,
    /// Which group, and which of its outputs, comes next.
    group: usize,
    row: usize,
}

/// Eight outputs in a row.
#[derive(Clone, Debug)]
struct Group {
    /// Where their windows begin, in samples from the first one's.
    offsets: [usize; GROUP],
    /// Where the next group's begin.
    advance: usize,
}

impl Polyphase {
    /// The stage for `ratio`; `None` if its filters would be too large.
    pub(super) fn new(fir: Fir, ratio: Ratio, lowpass: Lowpass) -> Option<Self> {
        let Ratio { up, down } = ratio;
        let groups = (up / super::gcd(up, GROUP as u64)) as usize;
        // The centre of a filter lies between its two middle samples.
        let half = lowpass.reach();
        let taps = 2 * half;
        let position = |output: usize| output as u64 * down;
        let whole = |output: usize| (position(output) / up) as usize;
        let span = (GROUP as u64 * down / up) as usize + 1;
        let lines = (taps + span).div_ceil(LANES);
        if groups.checked_mul(lines * size_of::<Lines>())? > LARGEST_BANK {
            return None;
        }
        let mut bank = Vec::with_capacity(groups * lines);
        let mut table = Vec::with_capacity(groups);
        for group in 0..groups {
            let first = group * GROUP;
            let offsets = std::array::from_fn(|row| whole(first + row) - whole(first));
            let filters: [Vec<f32>; GROUP] = std::array::from_fn(|row| {
                let fraction = (position(first + row) % up) as f64 / up as f64;
                let mut filter = vec![0.0; offsets.get(row).copied().unwrap_or(0)];
                filter.extend(row_of(lowpass, half, fraction));
                filter.resize(lines * LANES, 0.0);
                filter
            });
            bank.extend((0..lines).map(|line| {
                std::array::from_fn(|row| {
                    let filter = filters.get(row).map_or(&[][..], Vec::as_slice);
                    Line(std::array::from_fn(|lane| {
                        filter.get(line * LANES + lane).copied().unwrap_or(0.0)
                    }))
                })
            }));
            table.push(Group {
                offsets,
                advance: whole(first + GROUP) - whole(first),
            });
        }
        Some(Self {
            fir,
            groups: table.into(),
            bank: bank.into(),
            lines,
            taps,
            // The first output has its centre on the first input: `half - 1` zeros lie before it.
            history: History::new(lines * LANES, lines * LANES, half - 1),
            group: 0,
            row: 0,
        })
    }

    /// As at the beginning.
    pub(super) fn reset(&mut self) {
        self.history.reset();
        self.group = 0;
        self.row = 0;
    }

    /// Input samples that must be known beyond an output.
    pub(super) fn delay(&self) -> usize {
        self.taps / 2
    }

    /// Takes up to [`CHUNK`](super::history::CHUNK) samples and puts what they complete into the
    /// front of `output`; returns how many samples that is.
    pub(super) fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.history.append(input);
        let (mut done, length) = (0, self.lines * LANES);
        while let Some(group) = self.groups.get(self.group) {
            let first_line = self.group * self.lines;
            let filters = self.bank.get(first_line..first_line + self.lines);
            let filters = filters.unwrap_or_default();
            let [.., last] = group.offsets;
            let places = output.get_mut(done..).unwrap_or_default();
            let whole = |groups: usize| {
                self.history.len() >= (groups - 1) * group.advance + last + self.taps
            };
            let (full, alike) = (self.row == 0, self.groups.len() == 1);
            if let (true, Some(places)) = (
                full && alike && whole(2),
                places.first_chunk_mut::<{ 2 * GROUP }>(),
            ) {
                let windows =
                    [0, group.advance].map(|skipped| self.history.window(skipped, length));
                let both = self.fir.two_groups(filters, windows);
                places.copy_from_slice(both.as_flattened());
                self.history.drop_front(group.advance);
                self.row = GROUP;
                done += 2 * GROUP;
            } else if let (true, Some(places)) =
                (full && whole(1), places.first_chunk_mut::<GROUP>())
            {
                *places = self.fir.group(filters, self.history.window(0, length));
                self.row = GROUP;
                done += GROUP;
            } else {
                let offset = group.offsets.get(self.row).copied().unwrap_or(last);
                let Some(place) = places.first_mut() else {
                    break;
                };
                if self.history.len() < offset + self.taps {
                    break;
                }
                let window = self.history.window(0, length);
                *place = self.fir.one_of_group(filters, self.row, window);
                self.row += 1;
                done += 1;
            }
            if self.row == GROUP {
                self.history.drop_front(group.advance);
                self.group = (self.group + 1) % self.groups.len();
                self.row = 0;
            }
        }
        done
    }
}

/// The filter for an output `shift` of a sample behind the `half`-th one of its window; it sums to 1.
pub(super) fn row_of(lowpass: Lowpass, half: usize, shift: f64) -> impl Iterator<Item = f32> {
    let row: Vec<f64> = (0..2 * half)
        .map(|tap| lowpass.at(tap as f64 - (half as f64 - 1.0) - shift))
        .collect();
    let sum: f64 = row.iter().sum();
    row.into_iter().map(move |tap| (tap / sum) as f32)
}
