"""Exports: any player reads the subtitles, and nothing that was said is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from av.subtitles.subtitle import AssSubtitle
from hypothesis import given
from hypothesis import strategies as st

from voicestand.errors import InputError, StorageError
from voicestand.events import Word
from voicestand.journal.export import Utterance, to_json, to_srt, to_txt, to_vtt
from voicestand.journal.private_file import save

Cue = tuple[int, int, str]
"""Start and end in milliseconds, and the text."""

VTT_TIMES = re.compile(
    r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"
)
SRT_TIMES = re.compile(VTT_TIMES.pattern.replace(r"\.", ","))


def _cue(times: re.Pattern[str], line: str, text: str) -> Cue:
    found = times.fullmatch(line)
    assert found, line
    h1, m1, s1, f1, h2, m2, s2, f2 = map(int, found.groups())
    start, end = ((h * 60 + m) * 60 + s for h, m, s in ((h1, m1, s1), (h2, m2, s2)))
    return start * 1000 + f1, end * 1000 + f2, text


def parse_srt(document: str) -> list[Cue]:
    """Strictly: a number that counts up, the times, one line, a blank line."""
    if not document:
        return []
    assert document.endswith("\n\n")
    cues = []
    for expected, block in enumerate(document[:-2].split("\n\n"), 1):
        number, times, text = block.split("\n")
        assert number == str(expected)
        assert "<" not in text
        assert "-->" not in text
        cues.append(_cue(SRT_TIMES, times, text))
    return cues


def parse_vtt(document: str) -> list[Cue]:
    """By https://www.w3.org/TR/webvtt1/#file-structure, as strictly."""
    header, *blocks = document.split("\n\n")
    assert header == "WEBVTT"
    assert blocks.pop() == ""
    cues = []
    for block in blocks:
        times, payload = block.split("\n")
        assert "-->" not in payload
        voice = re.match(r"<v ([^>&\n]+)>", payload)
        text = payload[voice.end() :] if voice else payload
        assert not re.search(r"<|>|&(?!amp;|lt;|gt;)", text)
        text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        cues.append(_cue(VTT_TIMES, times, (voice[1] + ": " if voice else "") + text))
    return cues


def utterance(start: float, text: str, *, channel: str = "self", lasts: float = 1.0) -> Utterance:
    return Utterance(channel=channel, start=start, end=start + lasts, text=text)


breaks = ["\n", "\r\n", "\n\n", "\u2028", "\x0b", "\0", "-->", "&amp;", "<", ">", "&", " ", "42"]
texts = st.lists(st.sampled_from(breaks) | st.text(st.characters(codec="utf-8"))).map("".join)
utterances = st.lists(
    st.builds(
        utterance,
        st.floats(min_value=-1, max_value=2_000_000),
        texts,
        channel=st.sampled_from(["self", "other"]),
        lasts=st.floats(min_value=0, max_value=60),
    ),
    max_size=8,
)


def _words(text: str) -> list[str]:
    return text.replace("\0", " ").split()


@pytest.mark.parametrize(("write", "parse"), [(to_srt, parse_srt), (to_vtt, parse_vtt)])
@given(said=utterances, speakers=st.booleans())
def test_subtitles_hold_each_utterance_once_in_order(
    write: Callable[..., str],
    parse: Callable[[str], list[Cue]],
    said: list[Utterance],
    speakers: bool,
) -> None:
    cues = parse(write(said, speakers=speakers))
    expected = []
    for each in sorted(said, key=lambda each: (each.start, each.end)):
        if _words(each.text):
            text = f"{each.channel}: {each.text}" if speakers else each.text
            if write is to_srt:
                text = text.replace("<", "‹").replace(">", "›")
            expected.append(_words(text))
    assert [_words(text) for _, _, text in cues] == expected
    assert all(0 <= start < end for start, end, _ in cues)
    starts = [start for start, _, _ in cues]
    assert starts == sorted(starts)


@given(said=utterances, speakers=st.booleans())
def test_text_has_one_line_for_each_utterance_with_words(
    said: list[Utterance], speakers: bool
) -> None:
    lines = to_txt(said, speakers=speakers).split("\n")
    assert lines.pop() == ""
    spoken = sorted(
        (each for each in said if _words(each.text)), key=lambda each: (each.start, each.end)
    )
    assert [_words(line) for line in lines] == [
        _words(f"{each.channel}: {each.text}" if speakers else each.text) for each in spoken
    ]


@given(text=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])))
def test_text_of_one_line_is_exported_verbatim(text: str) -> None:
    assert text.strip() in to_txt([utterance(1, text)], speakers=False)


@given(said=utterances)
def test_json_holds_everything(said: list[Utterance]) -> None:
    decoded = json.loads(to_json(said))
    assert sorted((each["start"], each["text"]) for each in decoded) == sorted(
        (each.start, each.text) for each in said
    )


def test_json_holds_the_words() -> None:
    words = [Word(text="so", start=1.0, end=1.2, confidence=0.5)]
    said = Utterance(channel="other", start=1.0, end=2.0, text="so", words=words)
    assert json.loads(to_json([said])) == [
        {
            "channel": "other",
            "start": 1.0,
            "end": 2.0,
            "text": "so",
            "words": [{"text": "so", "start": 1.0, "end": 1.2, "confidence": 0.5}],
        }
    ]


def test_one_speaker_is_not_named_and_two_are() -> None:
    said = [utterance(2, "fine", channel="other"), utterance(1, "how are you")]
    assert to_txt(said, speakers=False) == "how are you\nfine\n"
    assert to_txt(said, speakers=True) == "self: how are you\nother: fine\n"


def test_nothing_said_is_an_empty_document() -> None:
    said = [utterance(1, " \n ")]
    assert to_txt(said, speakers=True) == ""
    assert to_srt(said, speakers=True) == ""
    assert to_vtt(said, speakers=True) == "WEBVTT\n\n"
    assert len(json.loads(to_json(said))) == 1


def test_subtitles_look_as_the_formats_ask() -> None:
    said = [utterance(3661.5, "a < b & c --> d"), utterance(400_000, "late", channel="other")]
    assert to_srt(said, speakers=True) == (
        "1\n01:01:01,500 --> 01:01:02,500\nself: a ‹ b & c --› d\n\n"
        "2\n111:06:40,000 --> 111:06:41,000\nother: late\n\n"
    )
    assert to_vtt(said, speakers=True) == (
        "WEBVTT\n\n01:01:01.500 --> 01:01:02.500\n<v self>a &lt; b &amp; c --&gt; d\n\n"
        "111:06:40.000 --> 111:06:41.000\n<v other>late\n\n"
    )


@pytest.mark.parametrize("speakers", [False, True])
@pytest.mark.parametrize(("suffix", "write"), [("srt", to_srt), ("vtt", to_vtt)])
def test_ffmpeg_reads_the_subtitles(
    tmp_path: Path, suffix: str, write: Callable[..., str], speakers: bool
) -> None:
    said = [
        utterance(0.5, "42", lasts=0),
        utterance(3.25, "a < b & c --> d </i> &amp;"),
        utterance(5, "two\n\n7\nlines", channel="other"),
        utterance(6, "00:00:01,000 --> 00:00:02,000"),
        utterance(400_000, "WEBVTT"),
    ]
    path = tmp_path / f"call.{suffix}"
    save(write(said, speakers=speakers), path)
    read = []
    with av.open(str(path)) as container:
        for packet in container.demux(container.streams.subtitles[0]):
            for subtitle in packet.decode() if packet.size else ():
                assert isinstance(subtitle, AssSubtitle)
                assert packet.pts is not None
                read.append((float(packet.pts * packet.time_base), subtitle.dialogue.decode()))
    shown = "a ‹ b & c --› d ‹/i› &amp;" if suffix == "srt" else "a < b & c --> d </i> &amp;"
    arrow = "--›" if suffix == "srt" else "-->"
    texts = ["42", shown, "two 7 lines", f"00:00:01,000 {arrow} 00:00:02,000", "WEBVTT"]
    if speakers and suffix == "srt":  # a WebVTT player shows the voice in its own way
        texts = [f"{each.channel}: {text}" for each, text in zip(said, texts, strict=True)]
    assert read == [(each.start, text) for each, text in zip(said, texts, strict=True)]


def test_export_to_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot write .*Is a directory"):
        save("x", tmp_path)
    with pytest.raises(InputError, match=r"cannot write .*No such file"):
        save("x", tmp_path / "absent" / "call.txt")
    with pytest.raises(StorageError, match=r"not complete: No space left"):
        save("x", Path("/dev/full"))
