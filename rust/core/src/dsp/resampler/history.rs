//! The input of a filter that is still needed, in one piece.

/// Samples that the first stage takes at once.
pub(super) const CHUNK: usize = 512;

/// How many chunks fit before what is left is moved to the front.
const CHUNKS: usize = 4;

/// A line of samples: new ones are put behind it, used ones taken from its front.
#[derive(Clone, Debug)]
pub(super) struct History {
    samples: Box<[f32]>,
    start: usize,
    end: usize,
    /// Zeros kept behind the end, for windows that reach beyond it.
    padding: usize,
    zeros: usize,
}

impl History {
    /// A line for windows of `window` samples, the last `padding` of which may not have come yet,
    /// that takes `most` samples at once; `zeros` samples of silence lie before the first.
    pub(super) fn new(window: usize, padding: usize, zeros: usize, most: usize) -> Self {
        let samples = vec![0.0; window + padding + CHUNKS * most].into_boxed_slice();
        let mut history = Self {
            samples,
            start: 0,
            end: 0,
            padding,
            zeros,
        };
        history.reset();
        history
    }

    /// As at the beginning.
    pub(super) fn reset(&mut self) {
        self.samples.fill(0.0);
        self.start = 0;
        self.end = self.zeros;
    }

    /// Samples there are.
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }

    /// Puts samples behind the others, as many as it takes at once.
    pub(super) fn append(&mut self, input: &[f32]) {
        if self.end + input.len() + self.padding > self.samples.len() {
            self.samples.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = self.samples.get_mut(self.end..).unwrap_or_default();
        let mut count = 0;
        if let Some((place, behind)) = room.split_at_mut_checked(input.len()) {
            place.copy_from_slice(input);
            count = input.len();
            if let Some(padding) = behind.get_mut(..self.padding) {
                padding.fill(0.0);
            }
        }
        self.end += count;
    }

    /// `length` samples from the one after `skipped`: `padding` of them may be the zeros behind the
    /// end.
    pub(super) fn window(&self, skipped: usize, length: usize) -> &[f32] {
        let start = self.start + skipped;
        self.samples.get(start..start + length).unwrap_or_default()
    }

    /// All samples there are.
    pub(super) fn known(&self) -> &[f32] {
        self.samples.get(self.start..self.end).unwrap_or_default()
    }

    /// Drops samples from the front.
    pub(super) fn drop_front(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}
