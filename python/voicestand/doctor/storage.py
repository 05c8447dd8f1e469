"""Settings, journal, and the folder where running processes meet."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from voicestand.config import Settings, load
from voicestand.doctor.check import Check
from voicestand.errors import InputError, StorageError
from voicestand.runtime_folder import private_folder, runtime_folder

_LEAST_FREE = 50e6
"""Bytes. SQLite needs room to commit; below this the next final may not reach the disk."""

_LITTLE_FREE = 1e9


def settings() -> list[Check]:
    """The settings as a command would find them."""
    name = "settings"
    try:
        load()
    except InputError as error:
        return [Check(name, "error", str(error), "voicestand config check")]
    return [Check(name, "ok", "valid")]


def journal() -> list[Check]:
    """Whether the journal opens, its folder can be written, and the disk has room."""
    from voicestand.journal import session_ids
    from voicestand.journal.schema import journal_path

    name, disk = "journal", "disk space"
    try:
        chosen = load().journal.folder
    except InputError:
        chosen = Settings().journal.folder  # what is wrong with the settings is said above
    folder = Path(chosen).expanduser() if chosen else None
    path = journal_path(folder)
    existing = _nearest_existing(path.parent)
    checks = []
    elsewhere = "or set journal.folder to another folder"
    if not existing.is_dir():
        fix = f"move {existing} away, {elsewhere}"
        return [Check(name, "error", f"{existing} is in the way of the folder {path.parent}", fix)]
    if not os.access(existing, os.W_OK | os.X_OK):
        fix = f"sudo chown $USER {existing}, {elsewhere}"
        checks.append(Check(name, "error", f"the folder {existing} cannot be written", fix))
    else:
        try:
            count = len(session_ids(folder))
        except StorageError as error:
            checks.append(Check(name, "error", str(error)))  # it says what to do
        else:
            sessions = f"{count} session{'' if count == 1 else 's'}"
            checks.append(Check(name, "ok", f"{path}, {sessions}"))
    free = shutil.disk_usage(existing).free
    amount = f"{free / 1e9:.1f} GB" if free >= 1e9 else f"{free / 1e6:.0f} MB"
    message = f"{amount} free under {existing}"
    fix = f"free some space on the disk of {existing}, {elsewhere}"
    if free < _LEAST_FREE:
        checks.append(Check(disk, "error", message, fix))
    elif free < _LITTLE_FREE:
        checks.append(Check(disk, "warning", message, fix))
    else:
        checks.append(Check(disk, "ok", message))
    return checks


def control_socket() -> list[Check]:
    """Whether a run can be steered and watched: a folder that is this user's alone."""
    name, folder = "control socket", runtime_folder()
    existing = _nearest_existing(folder)
    try:
        if existing == folder:
            private_folder(folder, make=False)
        if not os.access(existing, os.W_OK | os.X_OK):
            raise PermissionError(
                f"{existing} cannot be written: set XDG_RUNTIME_DIR to a folder of your own"
            )
    except OSError as error:
        reason, _, fix = str(error).rpartition(": ")
        message = f"{reason}; no daemon starts, and no run can be steered or watched"
        return [Check(name, "warning", message, fix)]
    return [Check(name, "ok", f"it can be made in {folder}")]


def _nearest_existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())
