from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.coach.spoken_finals import final

from voicestand import demo
from voicestand.cli.program import main
from voicestand.coach import Coach
from voicestand.coach.playbook import find
from voicestand.coach.rehearsal import rehearse
from voicestand.coach.transcript import is_transcript, read
from voicestand.errors import InputError
from voicestand.events import SpeechStarted, TranscriptFinal, to_json
from voicestand.journal.export import FORMATS, ExportFormat, from_final

FINALS = [
    final("self", 0.5, 2.0, "how is it now & then", "a"),
    final("other", 3.25, 5.0, "note: that is too expensive", "b"),
    final("self", 3700.0, 3701.5, "goodbye", "c"),
]


def told(finals: list[TranscriptFinal]) -> list[tuple[str, float, float, str]]:
    return [(one.channel, round(one.start, 6), round(one.end, 6), one.text) for one in finals]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_stream_of_events_is_read(tmp_path: Path) -> None:
    events = [SpeechStarted(session="s", t=0.5, channel="self", utterance="a"), *FINALS]
    path = tmp_path / "call.jsonl"
    path.write_bytes(b"\n".join(map(to_json, events)) + b"\n")
    assert read(path) == FINALS


@pytest.mark.parametrize("form", ["json", "srt", "vtt"])
def test_what_export_writes_is_read(tmp_path: Path, form: ExportFormat) -> None:
    text = FORMATS[form]([from_final(one) for one in FINALS], speakers=True)
    assert told(read(written(tmp_path, f"call.{form}", text))) == told(FINALS)


def test_what_export_writes_as_text_is_read_with_the_times_of_ordinary_speech(
    tmp_path: Path,
) -> None:
    text = FORMATS["txt"]([from_final(one) for one in FINALS], speakers=True)
    assert told(read(written(tmp_path, "call.txt", text))) == [
        ("self", 0.0, 2.4, FINALS[0].text),
        ("other", 2.9, 4.9, FINALS[1].text),
        ("self", 5.4, 5.8, FINALS[2].text),
    ]


@pytest.mark.parametrize("form", ["json", "srt", "vtt", "txt"])
def test_a_transcript_without_speakers_is_that_of_self(tmp_path: Path, form: ExportFormat) -> None:
    mono = [final("self", one.start, one.end, one.text) for one in FINALS]
    text = FORMATS[form]([from_final(one) for one in mono], speakers=False)
    assert [(one.channel, one.text) for one in read(written(tmp_path, f"x.{form}", text))] == [
        (one.channel, one.text) for one in mono
    ]


def test_markup_in_subtitles_is_not_spoken(tmp_path: Path) -> None:
    text = "WEBVTT\n\n1\n00:01.000 --> 00:02.000 line:0\n<v other><i>two</i> &lt; three\n"
    assert told(read(written(tmp_path, "x.vtt", text))) == [("other", 1.0, 2.0, "two < three")]


def test_times_before_the_lines_of_a_text_are_used(tmp_path: Path) -> None:
    text = "[00:01.5] self: one two three four five\n\n[1:00:00] other: yes\n"
    assert told(read(written(tmp_path, "x.txt", text))) == [
        ("self", 1.5, 3.5, "one two three four five"),
        ("other", 3600.0, 3600.4, "yes"),
    ]
    crowded = "[0:01] self: one two three four five\n[0:02] other: yes\n"
    assert read(written(tmp_path, "x.txt", crowded))[0].end == 2.0


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.txt", b"", "has no utterances"),
        ("x.json", b"[]", "has no utterances"),
        ("x.json", b'[{"channel": 3}]', "not a transcript of VoiceStand"),
        ("x.json", b"[1,", "not a transcript of VoiceStand"),
        ("x.jsonl", b'{"type":"transcript.final"}\n', "x.jsonl:1: not an event"),
        ("x.jsonl", b'{"type":"nonsense"}\n', "x.jsonl:1: not an event"),
        ("x.txt", b"\xff\xfe\x00", "not a text in UTF-8"),
        ("x.txt", b"anna: hello\nben: hello\n", "name the one to coach self"),
    ],
)
def test_what_is_no_transcript_is_refused(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read(tmp_path / "x.txt")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)


@given(st.binary(max_size=200))
def test_no_bytes_bring_anything_but_utterances_or_a_refusal(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        file.write(data)
        file.flush()
        try:
            finals = read(Path(file.name))
        except InputError:
            return
    assert finals
    assert all(0 <= one.start <= one.end for one in finals)


def test_a_recording_is_not_taken_for_a_transcript() -> None:
    assert not is_transcript(demo.recording())
    assert is_transcript(Path("x.SRT"))


def test_a_rehearsal_gives_each_suggestion_at_its_moment() -> None:
    coach = Coach(find("sales-call"), [])
    (advice,) = rehearse(coach, FINALS)
    assert (advice.t, advice.channel, advice.utterance) == (5.0, "other", "b")
    assert (advice.trigger, advice.said) == ("price-objection", FINALS[1].text)
    assert list(coach.metrics()) == ["self", "other"]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["coach", *arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return written(tmp_path, "call.txt", "self: hello\nother: that is \x1b[2Jtoo expensive\n")


def test_the_command_shows_suggestions_and_metrics(
    call: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, shown, logged = run(capsys, str(call))
    assert (code, logged) == (0, "")
    assert "Price objection" in shown
    assert "1 suggestion from sales-call" in shown
    assert "\x1b" not in shown


def test_the_command_prints_one_json_object(call: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, shown, _ = run(capsys, str(call), "--json")
    document = json.loads(shown)
    assert code == 0
    assert [one["trigger"] for one in document["suggestions"]] == ["price-objection"]
    assert document["suggestions"][0]["sources"] == ["playbook:sales-call/price-objection"]
    assert set(document["metrics"]) == {"self", "other"}
    assert document["playbook"] == "sales-call"


def test_a_mistake_in_a_playbook_is_one_line_and_exit_2(
    call: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    playbook = written(
        tmp_path,
        "mine.toml",
        '[playbook]\nname = "x"\n[[trigger]]\nid = "y"\nsuggestion = "z"\npatterns = ["("]\n',
    )
    code, shown, logged = run(capsys, str(call), "--playbook", str(playbook))
    assert (code, shown) == (2, "")
    assert f"{playbook}:6: pattern '(' is not a regular expression" in logged
    assert logged.count("\n") == 1
