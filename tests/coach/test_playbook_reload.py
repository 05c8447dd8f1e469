"""A playbook that is edited while a conversation runs."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from tests.coach.spoken_finals import final

from voicestand.coach import Coach
from voicestand.coach.playbook import load
from voicestand.coach.reload import PlaybookWatch
from voicestand.events import Severity

OLD = """\
[playbook]
name = "mine"
[[stage]]
id = "opening"
phrases = ["good morning"]
[[stage]]
id = "closing"
phrases = ["goodbye then", "see you on friday"]
[[check]]
id = "greeted"
title = "Greeted"
phrases = ["good morning"]
[[trigger]]
id = "price"
phrases = ["too expensive"]
suggestion = "Old advice."
cooldown = 0
"""


class Alerts(list[tuple[Severity, str, str]]):
    def tell(self, severity: Severity, code: str, message: str) -> None:
        self.append((severity, code, message))


def save(path: Path, text: str) -> None:
    """As an editor does; every save has a time of its own, as it would seconds later."""
    stamp = path.stat().st_mtime_ns + 1_000_000_000
    path.write_text(text)
    os.utime(path, ns=(stamp, stamp))


def said(coach: Coach, text: str, t: float) -> list[str]:
    return [one.text for one in coach.on_final(final("self", t - 1, t, text))]


def test_the_next_utterance_is_judged_by_the_new_playbook(tmp_path: Path) -> None:
    path, alerts = tmp_path / "mine.toml", Alerts()
    path.write_text(OLD)
    coach = Coach(load(path), [])
    watch = PlaybookWatch(path, coach.adopt, alerts.tell)
    assert said(coach, "good morning it is too expensive", 1) == ["Old advice."]
    assert [said(coach, "goodbye then", t) for t in (2, 3, 4)] == [[], [], []]
    save(path, OLD.replace("Old advice.", "New advice.").replace('"Greeted"', '"Said hello"'))
    watch.look()
    assert [code for _, code, _ in alerts] == ["playbook.reloaded"]
    assert said(coach, "too expensive", 5) == ["New advice."]
    assert coach.stage is not None
    assert coach.stage.stage == "closing"
    (item,) = coach.checklist
    assert (item.title, item.t) == ("Said hello", 1)


def test_a_broken_edit_is_told_once_and_the_old_playbook_stays(tmp_path: Path) -> None:
    path, alerts = tmp_path / "mine.toml", Alerts()
    path.write_text(OLD)
    coach = Coach(load(path), [])
    watch = PlaybookWatch(path, coach.adopt, alerts.tell)
    save(path, OLD.replace("suggestion", "sugestion"))
    for _ in range(3):
        watch.look()
    ((severity, code, message),) = alerts
    assert (severity, code) == ("warning", "playbook.broken")
    assert message.startswith(f"{path}:16: unknown key 'sugestion'")
    assert said(coach, "too expensive", 1) == ["Old advice."]
    save(path, OLD.replace("Old", "Mended"))
    watch.look()
    assert said(coach, "too expensive", 2) == ["Mended advice."]


def test_a_playbook_that_is_away_for_a_moment_is_no_trouble(tmp_path: Path) -> None:
    path, alerts = tmp_path / "mine.toml", Alerts()
    path.write_text(OLD)
    watch = PlaybookWatch(path, Coach(load(path), []).adopt, alerts.tell)
    path.unlink()
    watch.look()
    path.write_text(OLD.replace("Old", "Another"))
    watch.look()
    assert [code for _, code, _ in alerts] == ["playbook.reloaded"]


def test_the_file_is_watched_by_itself_until_the_conversation_ends(tmp_path: Path) -> None:
    path, told = tmp_path / "mine.toml", threading.Event()
    path.write_text(OLD)
    coach = Coach(load(path), [])
    with PlaybookWatch(path, coach.adopt, lambda *_: told.set(), every=0.01):
        save(path, OLD.replace("Old", "New"))
        assert told.wait(30)
    assert not [one for one in threading.enumerate() if one.name == "playbook"]
    assert said(coach, "too expensive", 1) == ["New advice."]
