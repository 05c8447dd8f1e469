"""Speaks a few conversations of the coach's corpus with flite and writes what is heard of them.

Usage: ``python -m scripts.speak_corpus``, from the project's folder. Writes ``NAME.heard.tsv``
beside ``NAME.tsv`` in tests/coach/corpus: the same turns with the same labels, their words as the
embedded recognizer hears them. Needs the program ``flite`` (Debian package flite) with the voices
slt and rms. The same flite and the same recognizer give the same bytes.
"""

from __future__ import annotations

import numpy as np
from tests.coach.corpus import FOLDER
from tests.spoken_calls import RATE, VOICES, Pcm, spoken

from voicestand.speech.pocketsphinx import PocketSphinx

SPOKEN = ("sales-elevator-service", "support-photo-app", "interviewer-designer")
ROOM = 3.0
"""Standard deviation of the noise under the speech, of 32768: digital silence is not what
microphones give."""
PRE_ROLL = RATE * 3 // 10
"""Samples around an utterance that a recognizer also hears."""


def in_a_room(clip: Pcm) -> Pcm:
    """The clip with a pre-roll, over faint noise."""
    noise = np.random.default_rng(seed=5).normal(0, ROOM, len(clip) + 2 * PRE_ROLL)
    noise[PRE_ROLL:-PRE_ROLL] += clip
    return np.rint(noise).clip(-32768, 32767).astype(np.int16)


def heard(recognizer: PocketSphinx, channel: str, text: str) -> str:
    """What the recognizer makes of ``text``, spoken by the channel's voice."""
    recognizer.start()
    recognizer.feed(in_a_room(spoken(text, VOICES[channel])))
    return recognizer.finish().text


def main() -> None:
    """Writes the recognized texts."""
    recognizer = PocketSphinx()
    for name in SPOKEN:
        header, *lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        turns = [header]
        for line in lines:
            channel, stage, triggers, text = line.split("\t")
            turns.append("\t".join([channel, stage, triggers, heard(recognizer, channel, text)]))
        (FOLDER / f"{name}.heard.tsv").write_text("\n".join(turns) + "\n", encoding="utf-8")
        print(f"{name}: {len(lines)} turns")


if __name__ == "__main__":
    main()
