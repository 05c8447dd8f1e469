//! The last stage for a ratio of small integers: a filter of its own for every phase.

use super::{
    Ratio,
    filter::Lowpass,
    fir::{Fir, GROUP, LANES, Line, Lines},
    history::{CHUNK, History},
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
    /// Samples after which the first group comes again.
    turn: usize,
    /// Which group, and which of its outputs, comes next.
    group: usize,
    row: usize,
}

/// Eight outputs in a row.
#[derive(Clone, Debug)]
struct Group {
    /// Where it begins, in samples from where the first group does.
    start: usize,
    /// Where their windows begin, in samples from the first one's.
    offsets: [usize; GROUP],
    /// Where the next group's begin.
    advance: usize,
}

impl Polyphase {
    /// Whether the filters for `ratio` take a sane amount of memory.
    pub(super) fn is_possible(ratio: Ratio, lowpass: Lowpass) -> bool {
        bank_bytes(ratio, lowpass).is_some_and(|bytes| bytes <= LARGEST_BANK)
    }

    /// The stage for a `ratio` that [is possible](Self::is_possible).
    pub(super) fn new(fir: Fir, ratio: Ratio, lowpass: Lowpass) -> Self {
        let Ratio { up, down } = ratio;
        let (groups, lines) = (groups(ratio), lines(ratio, lowpass));
        // The centre of a filter lies between its two middle samples.
        let half = lowpass.reach();
        let taps = 2 * half;
        let position = |output: usize| output as u64 * down;
        let whole = |output: usize| (position(output) / up) as usize;
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
                start: whole(first),
                offsets,
                advance: whole(first + GROUP) - whole(first),
            });
        }
        Self {
            fir,
            groups: table.into(),
            bank: bank.into(),
            lines,
            taps,
            // The first output has its centre on the first input: `half - 1` zeros lie before it.
            history: History::new(lines * LANES, lines * LANES, half - 1, CHUNK + 1),
            turn: whole(groups * GROUP),
            group: 0,
            row: 0,
        }
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

    /// Takes up to [`CHUNK`] samples, and one, and puts what they complete into the
    /// front of `output`; returns how many samples that is.
    pub(super) fn process(&mut self, input: &[f32], output: &mut [f32]) -> usize {
        self.history.append(input);
        let length = self.lines * LANES;
        let mut done = 0;
        while let Some(group) = self.groups.get(self.group) {
            let places = output.get_mut(done..).unwrap_or_default();
            if self.row == 0 && self.group == 0 && self.two_turns(places) {
                self.history.drop_front(2 * self.turn);
                done += 2 * GROUP * self.groups.len();
                continue;
            }
            let known = |offset: &&usize| self.history.len() >= **offset + self.taps;
            let ready = group.offsets.iter().take_while(known).count();
            let count = ready.saturating_sub(self.row).min(places.len());
            if count == 0 {
                break;
            }
            // Outputs whose input has not all come are not used: they are computed again then.
            let filters = self.filters(self.group);
            let outputs = self.fir.group(filters, self.history.window(0, length));
            for (place, output) in places
                .iter_mut()
                .zip(outputs.iter().skip(self.row).take(count))
            {
                *place = *output;
            }
            self.row += count;
            done += count;
            if self.row == GROUP {
                self.history.drop_front(group.advance);
                self.group = (self.group + 1) % self.groups.len();
                self.row = 0;
            }
        }
        done
    }

    /// All groups twice, each with both its windows at once, if their input is there and the output
    /// has room; returns whether.
    fn two_turns(&self, output: &mut [f32]) -> bool {
        let one = GROUP * self.groups.len();
        let [.., last] = self.groups.last().map_or([0; GROUP], |group| group.offsets);
        let needed =
            self.turn + self.groups.last().map_or(0, |group| group.start) + last + self.taps;
        let Some((early, late)) = output
            .get_mut(..2 * one)
            .and_then(|o| o.split_at_mut_checked(one))
        else {
            return false;
        };
        if self.history.len() < needed {
            return false;
        }
        let (early, _) = early.as_chunks_mut::<GROUP>();
        let (late, _) = late.as_chunks_mut::<GROUP>();
        for (((number, group), early), late) in self.groups.iter().enumerate().zip(early).zip(late)
        {
            let windows = [0, self.turn]
                .map(|turn| self.history.window(turn + group.start, self.lines * LANES));
            [*early, *late] = self.fir.two_groups(self.filters(number), windows);
        }
        true
    }

    fn filters(&self, group: usize) -> &[Lines] {
        let first = group * self.lines;
        self.bank.get(first..first + self.lines).unwrap_or_default()
    }
}

/// Memory that the filters take; `None` if it cannot even be counted.
pub(super) fn bank_bytes(ratio: Ratio, lowpass: Lowpass) -> Option<usize> {
    groups(ratio).checked_mul(lines(ratio, lowpass) * size_of::<Lines>())
}

fn groups(ratio: Ratio) -> usize {
    (ratio.up / super::gcd(ratio.up, GROUP as u64)) as usize
}

/// For one group: its windows together.
fn lines(ratio: Ratio, lowpass: Lowpass) -> usize {
    let span = (GROUP as u64 * ratio.down / ratio.up) as usize + 1;
    (2 * lowpass.reach() + span).div_ceil(LANES)
}

/// The filter for an output `shift` of a sample behind the `half`-th one of its window; it sums to 1.
pub(super) fn row_of(lowpass: Lowpass, half: usize, shift: f64) -> impl Iterator<Item = f32> {
    let row: Vec<f64> = (0..2 * half)
        .map(|tap| lowpass.at(tap as f64 - (half as f64 - 1.0) - shift))
        .collect();
    let sum: f64 = row.iter().sum();
    row.into_iter().map(move |tap| (tap / sum) as f32)
}
