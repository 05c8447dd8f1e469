"""What a session shows of itself beside the control socket."""

from __future__ import annotations

import os
from pathlib import Path

from voicestand.events import EngineStats
from voicestand.session.stats_file import StatsFile, published

STATS = EngineStats(session="0193", t=1.0, interval=1.0, sources=[], processes=[], cores={})
GONE = 4194305
"""Beyond the largest process id there can be."""


def test_only_its_user_may_read_it_and_what_a_killed_session_left_goes(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / f"{GONE}.json").write_text("{")
    shown = StatsFile(tmp_path)
    shown.write(STATS)
    (file,) = tmp_path.iterdir()
    assert (file.name, file.stat().st_mode & 0o777) == (f"{os.getpid()}.json", 0o600)
    assert [one.stats for one in published(tmp_path)] == [STATS]
    shown.close()
    assert not list(tmp_path.iterdir())
