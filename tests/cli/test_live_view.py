"""What a person sees of ``voicestand run`` and ``coach``, in a real terminal."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from tests.cli.terminal import Terminal, in_terminal
from tests.program import Program, error_lines, events_of, of_kind
from tests.spoken_calls import Recording

from voicestand.demo import recording as demo_recording
from voicestand.events import CoachSuggestion, TranscriptFinal

ADVICE = "Price objection: do not discount yet."
LINES_OF_SUMMARY = (
    *("session ended", "frames captured", "channel", "self", "other", "together", "voicestand"),
)


def status(terminal: Terminal) -> str:
    """The last line of the live view."""
    return next((line for line in terminal.lines() if "Ctrl-C ends" in line), "")


def meters(terminal: Terminal) -> dict[str, str]:
    """The level of each channel."""
    found = re.findall(r"^(self|other) +([█░┃]+ .*dB)", terminal.text(), re.MULTILINE)
    return dict(found)


def test_levels_captions_suggestions_and_counters_are_seen_while_it_runs(
    program: Program, dialogue: Recording
) -> None:
    with in_terminal(program, "run", "--input", dialogue.path) as terminal:
        terminal.shows(lambda: "listening" in status(terminal), "that it listens")
        assert str(dialogue.path) in terminal.text() or "dialogue.wav" in terminal.text()
        assert "pocketsphinx" in terminal.text()
        terminal.shows(lambda: "█" in meters(terminal).get("self", ""), "a level")
        terminal.shows(lambda: "┃" in meters(terminal).get("self", ""), "a held peak")
        # Always awaited: in between, the terminal may be half way through a new picture.
        terminal.shows(lambda: "lost 0" in status(terminal), "that nothing is lost")
        terminal.shows(lambda: "xruns 0" in status(terminal), "that the server lost nothing")
        terminal.shows(terminal.italic, "a partial")
        assert b"\x1b[2;3m" in terminal.output  # dim
        caption = re.compile(r"^ +\d:\d\d +self \w+", re.MULTILINE)
        terminal.shows(lambda: caption.search(terminal.text()), "a caption")
        latency = re.compile(r"text after \d+ ms \(engine \d+ ms\)")
        terminal.shows(lambda: latency.search(status(terminal)), "the latency")
        counted = re.compile(r"listening 0:\d\d · \d+ utterances?")
        terminal.shows(lambda: counted.search(status(terminal)), "the count of utterances")
        # The first channel's level falls while the other one speaks.
        terminal.shows(lambda: "█" in meters(terminal).get("other", ""), "the other's level")
        figures = re.compile(r"^you \d+% of the talk · \d+ words/min", re.MULTILINE)
        terminal.shows(lambda: figures.search(terminal.text()), "what one may steer by")
        terminal.shows(lambda: ADVICE in terminal.text(), "a suggestion")
        source = "playbook:sales-call/price-objection"
        terminal.shows(lambda: source in terminal.text(), "the suggestion's source")
        cause = re.compile(r"^ +\d:\d\d +other .*expensive", re.MULTILINE)
        terminal.shows(lambda: cause.search(terminal.text()), "the utterance that caused it")
        assert terminal.end() == 0
        check_end(terminal, "end")
        assert "4 utterances" in terminal.text()
        assert "lost 0, xruns 0" in terminal.text()
        final = terminal.text()
    (listed,) = program.sessions()
    assert f"voicestand sessions show {listed['id']}" in final
    for said in program.journalled(listed["id"]):
        assert said.text in final


def check_end(terminal: Terminal, reason: str) -> None:
    """The summary is the last thing seen, the live view is gone, the terminal is as before."""
    lines = terminal.lines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("session ended"))
    assert f"({reason})" in lines[begin]
    assert [line.split()[0] for line in lines[begin:]] == [
        line.split()[0] for line in LINES_OF_SUMMARY
    ]
    assert not status(terminal)
    assert not meters(terminal)
    assert not terminal.screen.cursor.hidden
    assert not terminal.italic()


def test_ctrl_c_in_the_terminal_ends_it_with_caption_and_summary(
    program: Program, dialogue: Recording
) -> None:
    with in_terminal(program, "run", "--input", dialogue.path) as terminal:
        terminal.shows(terminal.italic, "a partial")
        terminal.type(b"\x03")
        assert terminal.end() == 130
        check_end(terminal, "interrupted")
        assert "Traceback" not in terminal.text()
        assert re.search(r"^ +\d:\d\d +self \w+", terminal.text(), re.MULTILINE)


def test_text_cannot_steer_the_terminal(program: Program, dialogue: Recording) -> None:
    steering = "\x1b[2J\x1b]0;title\x07\x1b[?1049h\x9b31m\r\x08"
    name = f"call{steering}.wav".replace("/", "")
    shutil.copy(dialogue.path, program.home / name)
    playbook = program.home / "steering.toml"
    text = steering.encode("unicode_escape").decode().replace("\\x", "\\u00")
    playbook.write_text(
        '[playbook]\nname = "steering"\n[[trigger]]\nid = "price"\nchannel = "other"\n'
        f'phrases = ["too expensive"]\nsuggestion = "Do {text} this."\n'
    )
    arguments = ("run", "--input", name, "--pace", "max", "--playbook", playbook)
    with in_terminal(program, *arguments) as terminal:
        assert terminal.end() == 0
        check_harmless(terminal)
        assert "Do \N{REPLACEMENT CHARACTER}[2J" in terminal.text()
        check_end(terminal, "end")
    with in_terminal(program, "sessions", "list") as terminal:
        assert terminal.end() == 0
        check_harmless(terminal)


def check_harmless(terminal: Terminal) -> None:
    for sequence in (b"\x1b[2J", b"\x1b]", b"\x1b[?1049h", b"\x07", b"\x08", b"\xc2\x9b"):
        assert sequence not in terminal.output


@pytest.mark.parametrize(("columns", "rows"), [(40, 10), (12, 4)])
def test_a_small_window_is_no_trouble(
    program: Program, dialogue: Recording, columns: int, rows: int
) -> None:
    arguments = ("run", "--input", dialogue.path, "--pace", "max")
    with in_terminal(program, *arguments, columns=columns, rows=rows) as terminal:
        assert terminal.end() == 0
        assert b"Traceback" not in terminal.output
        assert b"session" in terminal.output


def test_events_to_a_file_leave_the_terminal_its_view(
    program: Program, dialogue: Recording
) -> None:
    file = program.home / "events.jsonl"
    arguments = ("run", "--input", dialogue.path, "--pace", "max", "--events", file)
    with in_terminal(program, *arguments) as terminal:
        assert terminal.end() == 0
        check_end(terminal, "end")
        seen = terminal.text()
    finals = of_kind(events_of(file.read_bytes()), TranscriptFinal)
    assert finals
    assert all(final.text in seen for final in finals)


def test_events_to_stdout_are_lines_in_a_terminal_too(program: Program, silence: Recording) -> None:
    arguments = ("run", "--input", silence.path, "--pace", "max", "--events", "-")
    with in_terminal(program, *arguments) as terminal:
        assert terminal.end() == 0
        lines = terminal.output.splitlines()
    assert b"session.started" in lines[0]
    assert len(events_of(b"\n".join(line for line in lines if line.startswith(b"{")))) >= 3


def test_an_error_in_the_terminal_is_one_line(program: Program) -> None:
    with in_terminal(program, "run", "--input", "missing.wav") as terminal:
        assert terminal.end() == 2
        assert terminal.lines() == ["voicestand: error: there is no file missing.wav"]
        assert not terminal.screen.cursor.hidden


def test_coach_rehearses_the_demo_call(program: Program) -> None:
    done = program("coach", demo_recording(), "--json")
    assert (done.returncode, error_lines(done.stderr)) == (0, [])
    document = json.loads(done.stdout)
    assert len({one["text"] for one in document["suggestions"]}) >= 4
    assert set(document["metrics"]) == {"self", "other"}
    assert not program.sessions()  # a rehearsal is no session


def test_coach_says_what_the_live_session_says(program: Program, dialogue: Recording) -> None:
    done = program("coach", dialogue.path)
    assert (done.returncode, done.stderr) == (0, "")
    assert ADVICE in done.stdout
    run = program("run", "--input", dialogue.path, "--pace", "max", "--events", "-")
    live = of_kind(events_of(run.stdout), CoachSuggestion)
    assert live
    assert all(one.text in done.stdout for one in live)
    assert f"{len(live)} suggestion" in done.stdout
