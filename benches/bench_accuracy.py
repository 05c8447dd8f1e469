"""Claim: the pipeline costs no accuracy, at most one word in a hundred more is wrong than bare.

Peer: each recognizer that is installed and has a model, fed with whole recordings, which are one
phrase or several each. Input: the recordings with known words beside the repository
(``../shared/speech``). Unit: percent of the words that are wrong (substituted, left out or put in).
Further: what a vocabulary gains on sentences with names in them, spoken by flite.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import msgspec
import pytest
from rapidfuzz.distance import Levenshtein
from tests.speech.hearing import SHARED, Pcm, read, spoken

from voicestand.bench.record import Bound, record
from voicestand.config import Settings
from voicestand.events import TranscriptFinal
from voicestand.session.transcription import transcribe_file
from voicestand.speech import dictionary
from voicestand.speech.pocketsphinx import PocketSphinx
from voicestand.speech.protocol import RecognizerEngine
from voicestand.speech.registry import engines, resolve
from voicestand.speech.vocabulary import Term
from voicestand.speech.worker import load

MOST_MORE_WRONG = 1.0
"""Words in a hundred."""

WORDS = SHARED.parent / "words.tsv"

NAMES = {
    "Kubernetes": "we are moving our clusters to kubernetes next month",
    "Anthropic": "please send the invoice to anthropic before friday",
    "Siobhan": "did you talk to siobhan about the new server",
    "Zalando": "the contract with zalando was signed on monday",
    "Grafana": "we look at the numbers in grafana every morning",
    "Nvidia": "the cards from nvidia will arrive in two weeks",
    "Terraform": "all of it is written in terraform by the other team",
    "Jenkins": "the build runs in jenkins and takes an hour",
    "Zoltan": "zoltan will call you tomorrow about the price",
    "Openvino": "they run the network with openvino on a laptop",
}


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", " ", text.lower().replace("mr", "mister")).split()


def wrong(said: str, understood: str) -> int:
    return Levenshtein.distance(plain(said), plain(understood))


def understood(engine: RecognizerEngine, pcm: Pcm) -> str:
    engine.start()
    engine.feed(pcm)
    return engine.finish().text


def through_the_pipeline(path: Path, engine: str) -> str:
    settings = msgspec.convert({"speech": {"engine": engine}}, Settings)
    events = transcribe_file(path, settings)
    return " ".join(event.text for event in events if isinstance(event, TranscriptFinal))


@pytest.mark.skipif(not WORDS.exists(), reason="no recordings with known words on this machine")
@pytest.mark.parametrize("name", engines())
def test_word_error_rate_of_the_pipeline_beside_the_bare_engine(name: str) -> None:
    with WORDS.open() as file:
        recordings = [
            (WORDS.parent / path, said) for path, said in csv.reader(file, delimiter="\t")
        ]
    bare = load(resolve(name).path)
    words = sum(len(plain(said)) for _, said in recordings)
    ours = sum(wrong(said, through_the_pipeline(path, name)) for path, said in recordings)
    alone = sum(wrong(said, understood(bare, read(path))) for path, said in recordings)
    rates = [100 * errors / words for errors in (ours, alone)]
    source = f"{words} words in {len(recordings)} recordings"
    record(
        f"accuracy-{name}",
        f"words that {name} gets wrong, through the pipeline and alone",
        input=source,
        unit="% of the words",
        ours=rates[:1],
        peers={"bare engine": rates[1:]},
    )
    record(
        f"accuracy-pipeline-{name}",
        f"of a hundred words the pipeline has at most {MOST_MORE_WRONG:g} more wrong than {name}",
        input=source,
        unit="more of a hundred words",
        ours=[max(0.0, rates[0] - rates[1])],
        bounds=[Bound(MOST_MORE_WRONG)],
    )
    print(f"\n{name}: {ours} of {words} words wrong through the pipeline, {alone} alone")


def test_names_that_are_understood_with_a_vocabulary_and_without() -> None:
    without = PocketSphinx()
    within = PocketSphinx([Term(name) for name in NAMES])
    found = {}
    for label, engine in (("without", without), ("with", within)):
        texts = {name: understood(engine, spoken(said)) for name, said in NAMES.items()}
        found[label] = sum(name.lower() in plain(text) for name, text in texts.items())
        errors = sum(wrong(said, texts[name]) for name, said in NAMES.items())
        print(f"\n{label} vocabulary: {found[label]} of {len(NAMES)} names, {errors} words wrong")
    record(
        "vocabulary-names",
        "names that the embedded recognizer understands when it was told them",
        input=f"{len(NAMES)} sentences of flite speech, weight {dictionary.WEIGHT:g}",
        unit="names",
        better="higher",
        ours=[float(found["with"])],
        peers={"without a vocabulary": [float(found["without"])]},
    )
