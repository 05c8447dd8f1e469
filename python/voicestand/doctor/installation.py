"""Python, the packages, the native half."""

from __future__ import annotations

import platform
import re
import sys
from importlib import metadata

from voicestand import __version__
from voicestand.doctor.check import Check

_OLDEST_PYTHON = (3, 11)
_REINSTALL = f"{sys.executable} -m pip install --force-reinstall voicestand"


def python() -> list[Check]:
    """The interpreter."""
    name, message = "python", f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info >= _OLDEST_PYTHON:
        return [Check(name, "ok", message)]
    return [Check(name, "error", f"{message} is too old", "install Python 3.11 or newer")]


def packages() -> list[Check]:
    """Every package that VoiceStand requires, by name; versions are pip's matter."""
    name = "packages"
    try:
        required = metadata.requires("voicestand") or []
    except metadata.PackageNotFoundError:
        return [Check(name, "error", "voicestand itself is not installed", _REINSTALL)]
    found, missing = [f"voicestand {__version__}"], []
    for requirement in required:
        package = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        version = _version(package)
        if "extra ==" in requirement:
            continue
        if version is None:
            missing.append(package)
        else:
            found.append(f"{package} {version}")
    if missing:
        return [Check(name, "error", f"not installed: {', '.join(missing)}", _REINSTALL)]
    return [Check(name, "ok", ", ".join(found))]


def native_extension() -> list[Check]:
    """The Rust half: there, and of this version."""
    name = "native extension"
    try:
        from voicestand import _native
    except ImportError as error:
        return [Check(name, "error", f"it does not load: {error}", _REINSTALL)]
    version = str(_native.__version__)
    if version != __version__:
        message = f"it is version {version}, the Python half {__version__}"
        return [Check(name, "error", message, _REINSTALL)]
    return [Check(name, "ok", f"{version} for {platform.machine()}")]


def onnxruntime() -> list[Check]:
    """Two distributions that write the same package: the last one installed wins, silently."""
    name = "onnxruntime"
    rivals = ("onnxruntime", "onnxruntime-openvino", "onnxruntime-gpu")
    found = [f"{rival} {version}" for rival in rivals if (version := _version(rival))]
    if len(found) < 2:
        return [Check(name, "ok", found[0] if found else "not installed, and not needed")]
    names = " ".join(entry.split()[0] for entry in found)
    return [
        Check(
            name,
            "warning",
            f"{' and '.join(found)} overwrite each other; programs that import it may break",
            f"{sys.executable} -m pip uninstall -y {names}, then install the one that is wanted",
        )
    ]


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
