"""Runs every check; none can stop another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from voicestand.doctor import (
    choice,
    inference,
    installation,
    microphone,
    providers,
    recognition,
    scheduling,
    sound,
    storage,
)
from voicestand.doctor.check import Check

Examine = Callable[[], list[Check]]

CHECKS: Mapping[str, Examine] = {
    "python": installation.python,
    "packages": installation.packages,
    "native extension": installation.native_extension,
    "onnxruntime": installation.onnxruntime,
    "sound server": sound.server,
    "audio input": sound.inputs,
    "microphone": microphone.not_a_monitor,
    "microphone level": microphone.level,
    "system audio": microphone.system_audio,
    "inference devices": inference.devices,
    "NPU": inference.npu,
    "voice activity": inference.model,
    "recognizer": recognition.recognizer,
    "more recognizers": recognition.installed,
    "chosen recognizer": choice.chosen,
    "providers": providers.providers,
    "language models": providers.language_models,
    "settings": storage.settings,
    "journal": storage.journal,
    "control socket": storage.control_socket,
    "CPU topology": scheduling.topology,
    "vector instructions": scheduling.instruction_set,
    "placement": scheduling.placement,
    "temperature": scheduling.temperature,
    "real-time priority": scheduling.realtime_priority,
    "locked memory": scheduling.locked_memory,
}


def examine(checks: Mapping[str, Examine] = CHECKS) -> list[Check]:
    """The findings of all checks, in their order.

    Never raises: a check that fails in a way it does not know becomes a finding itself. What may
    hang or crash in foreign code (sound servers, drivers) runs in a process of its own, with a
    limit of time.
    """
    found = []
    for name, check in checks.items():
        try:
            found += check()
        except Exception as error:
            message = f"the check itself failed: {type(error).__name__}: {error}"
            found.append(Check(name, "error", message, "please report this line"))
    return [Check(c.name, c.status, _one_line(c.message), _one_line(c.fix)) for c in found]


def _one_line(text: str) -> str:
    """Also without what no terminal can print: a path may hold bytes that are no UTF-8."""
    return " ".join(text.encode(errors="replace").decode().split())
