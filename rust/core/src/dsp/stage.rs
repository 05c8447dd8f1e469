//! A stage that gives each frame one frame late, and is switched on and off without a click.

use super::{FRAME, Frame, SPEECH_RATE, switches::Fade};

/// One channel's place in such a stage.
///
/// While the stage is *held*, every channel goes through it one frame late, whether or not it wants
/// the processing: so the channels of a block stay together, and a channel is cross-faded between
/// two signals that are equally late. Whoever holds and releases the stage keeps the clock: on
/// holding it nothing comes out for one frame, on releasing it the frame it has comes out as well.
#[derive(Debug)]
pub(super) struct Stage {
    /// The frame that went in last, as it was.
    past: Frame,
    fade: Fade,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self {
            past: [0.0; FRAME],
            fade: Fade::resting(false, SPEECH_RATE),
        }
    }

    /// Whether nothing of the processing is heard any more.
    pub(super) fn is_without(&self) -> bool {
        self.fade.is_without()
    }

    /// The stage begins to hold this channel, with `frame` in it.
    pub(super) fn hold(&mut self, frame: &Frame) {
        self.past = *frame;
        self.fade = Fade::resting(false, SPEECH_RATE);
    }

    /// The frame that went in last.
    pub(super) fn past(&self) -> &Frame {
        &self.past
    }

    /// Gives the frame held in exchange for one that is kept instead.
    pub(super) fn exchange(&mut self, frame: &mut Frame) {
        std::mem::swap(&mut self.past, frame);
    }

    /// Puts `frame` in and turns it into the frame before, processed as far as that is `wanted`.
    ///
    /// `work` is what takes a frame and gives the one before.
    pub(super) fn process(
        &mut self,
        frame: &mut Frame,
        wanted: bool,
        work: impl FnOnce(&Frame) -> Frame,
    ) {
        let before = self.past;
        self.past = *frame;
        if !wanted && self.fade.is_without() {
            *frame = before;
            return;
        }
        let worked = work(&self.past);
        for (place, (before, worked)) in frame.iter_mut().zip(before.iter().zip(&worked)) {
            *place = self.fade.mix(*before, *worked, wanted);
        }
    }
}
