"""Real audio servers without hardware, one per test, gone when the test ends.

``pulse_server`` is PulseAudio with a null sink: what ``play`` plays to the sink is what PortAudio's
default input hears; ``pipewire_server`` is the same of PipeWire, and ``sound_server`` either of
them. ``pipewire_jack_server`` is PipeWire as its own libjack shows it. ``jack_server`` is JACK with
the dummy driver and a loopback: what ``play`` plays is what the input device ``loopback`` hears;
``system`` is silent. A test starts the program under test with ``env=server.env``; its home, and so
its journal and settings, is private too.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.spoken_calls import Line, Recording, perform

READY_WITHIN = 15.0
"""Seconds a server may take to answer; a loaded machine needs several."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)

# A callback, since PortAudio's blocking calls corrupt the heap on JACK; in blocks that outlast the
# pauses of the interpreter.
_PLAY_TO_JACK = """
import pathlib, sys, threading, time as clock
import av, numpy, sounddevice
with av.open(sys.argv[1]) as container:
    channels = container.streams.audio[0].channels
    resampler = av.AudioResampler(format="flt", rate=48000)
    frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    frames += resampler.resample(None)
samples = numpy.concatenate([frame.to_ndarray().reshape(-1, channels) for frame in frames])
samples = samples[:, [0, min(1, channels - 1)]]
position, played = 0, threading.Event()

def callback(out, count, time, status):
    global position
    if not position:  # when it began, for who must know: this process took its time to start
        pathlib.Path(sys.argv[1] + ".began").write_text(repr(clock.monotonic()))
    block = samples[position : position + count]
    out[: len(block)], out[len(block) :] = block, 0
    position += count
    if position >= len(samples):
        raise sounddevice.CallbackStop

device = next(d["index"] for d in sounddevice.query_devices() if d["name"] == "loopback")
with sounddevice.OutputStream(
    48000, 8192, device, 2, callback=callback, finished_callback=played.set
):
    played.wait()
"""


def _die_with_the_tests() -> None:
    # A JACK server that is killed outright keeps its place in the machine's list of eight for ever.
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _start(
    command: list[str], env: dict[str, str], log: Path | None = None
) -> subprocess.Popen[bytes]:
    with (log or Path(os.devnull)).open("wb") as output:
        return subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_the_tests,  # noqa: PLW1509 -- one system call, no lock taken
        )


def _stop(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(command: list[str], env: dict[str, str]) -> bool:
    try:
        done = subprocess.run(command, env=env, capture_output=True, timeout=5, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _becomes_ready(
    process: subprocess.Popen[bytes], question: list[str], env: dict[str, str]
) -> bool:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(question, env):
            return True
        time.sleep(0.1)
    return False


def _need(*programs: str, package: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        pytest.fail(
            f"{', '.join(missing)} not found: apt install {package}, or leave these tests out "
            'with -m "not real"',
            pytrace=False,
        )


Processes = Sequence[subprocess.Popen[bytes]]
"""Those that make up a server."""


@dataclass
class AudioServer:
    """A running audio server, and how to reach it."""

    env: dict[str, str] = field(repr=False)
    """The whole environment for a process that is to use it; nothing of it is in ``os.environ``."""
    device: str
    """The input device, as PortAudio names it, that hears what ``play`` plays."""
    realtime: bool
    """Whether the server itself got real-time priority."""
    _play: list[str] = field(repr=False)
    _processes: Processes = field(repr=False)
    _revive: Callable[[], Processes] = field(repr=False)
    _playing: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def play(self, file: Path | str) -> subprocess.Popen[bytes]:
        """Starts to play an audio file, once, at real pace; does not wait for its end."""
        player = _start([*self._play, str(file)], self.env)
        self._playing.append(player)
        return player

    def die(self) -> None:
        """Ends the server; its clients get no more than it tells them."""
        _stop(*self._processes)

    def come_back(self) -> None:
        """Starts the server again, after ``die``; returns once it answers."""
        self._processes = self._revive()

    def end(self) -> None:
        """Ends the server and whatever plays."""
        self.silence()
        _stop(*self._processes)

    def silence(self) -> None:
        """Ends whatever still plays."""
        while self._playing:
            _stop(self._playing.pop())


def _private_environment(home: Path, name: str) -> dict[str, str]:
    private = ("XDG_", "PULSE", "PIPEWIRE", "DBUS", "DISPLAY")
    env = {key: value for key, value in os.environ.items() if not key.startswith(private)}
    # Neither fixture may reach the other's server, or one the person who runs the tests has.
    return env | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PULSE_RUNTIME_PATH": str(home / "pulse"),
        "PULSE_SERVER": f"unix:{home}/pulse/native",
        "JACK_DEFAULT_SERVER": name,
        "JACK_NO_START_SERVER": "1",
    }


@contextmanager
def _private_home() -> Iterator[Path]:
    # Not pytest's tmp_path: the path of a Unix socket must stay under 108 bytes.
    home = Path(tempfile.mkdtemp(prefix="vs-audio-"))
    (home / "run").mkdir(mode=0o700)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def sentence(recordings: Path) -> Recording:
    """Something short to say."""
    line = Line("self", 0.5, "Please send me the report today.")
    return perform(recordings / "sentence.wav", (line,))


@contextmanager
def running_pulse() -> Iterator[AudioServer]:
    """PulseAudio, as the fixture ``pulse_server`` has it."""
    _need("pulseaudio", "pactl", "paplay", package="pulseaudio pulseaudio-utils")
    with _private_home() as home:
        env = _private_environment(home, "vs-no-jack-here")
        (home / "pulse").mkdir(mode=0o700)
        (home / ".asoundrc").write_text("pcm.!default { type pulse }\n")
        log = home / "pulseaudio.log"
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
        command += ["-L", f"module-native-protocol-unix socket={home}/pulse/native"]
        command += ["-L", "module-null-sink sink_name=vs rate=48000"]
        # Its own server address would make PulseAudio believe that another one is running.
        own = {k: v for k, v in env.items() if k != "PULSE_SERVER"}

        def begin() -> Processes:
            process = _start(command, own, log)
            if not _becomes_ready(process, ["pactl", "list", "short", "sources"], env):
                _stop(process)
                pytest.fail(f"PulseAudio did not start: {log.read_text()}", pytrace=False)
            return [process]

        player = ["paplay", "--device=vs"]
        server = AudioServer(env, "default", False, player, begin(), begin)
        try:
            yield server
        finally:
            server.end()


@pytest.fixture
def pulse_server() -> Iterator[AudioServer]:
    """PulseAudio with the null sink ``vs`` at 48 kHz, PortAudio's default input its monitor."""
    with running_pulse() as server:
        yield server


_NULL_SINK = """
context.objects = [ {
    factory = adapter
    args = {
        factory.name = support.null-audio-sink
        node.name = vs
        media.class = Audio/Sink
        audio.rate = 48000
        audio.position = [ FL FR ]
    }
} ]
"""


@contextmanager
def running_pipewire() -> Iterator[AudioServer]:
    """PipeWire, WirePlumber and the server for PulseAudio's clients, as desktops run them."""
    _need("pipewire", "pipewire-pulse", package="pipewire pipewire-pulse")
    _need("wireplumber", "dbus-daemon", "pactl", package="wireplumber dbus pulseaudio-utils")
    with _private_home() as home:
        run, settings = home / "run", home / ".config" / "pipewire" / "pipewire.conf.d"
        settings.mkdir(parents=True)
        (settings / "null-sink.conf").write_text(_NULL_SINK)
        (home / ".asoundrc").write_text("pcm.!default { type pulse }\n")
        bus = f"unix:path={run}/bus"
        env = _private_environment(home, "vs-no-jack-here") | {
            "PULSE_RUNTIME_PATH": str(run / "pulse"),
            "PULSE_SERVER": f"unix:{run}/pulse/native",
            "DBUS_SESSION_BUS_ADDRESS": bus,
        }

        # In this order: a client that finds no session manager may wait for it for ever.
        programs = [
            (f"dbus-daemon --session --nofork --address={bus}", f"test -S {run}/bus"),
            ("pipewire", f"test -S {run}/pipewire-0"),
            ("wireplumber", "pw-metadata 0 default.audio.sink | grep -q vs"),
            ("pipewire-pulse", "test $(pactl get-default-source) = vs.monitor"),
        ]

        def begin() -> Processes:
            processes: list[subprocess.Popen[bytes]] = []
            for command, question in programs:
                log = home / f"{len(processes)}.log"
                processes.append(_start(command.split(), env, log))
                if not _becomes_ready(processes[-1], ["sh", "-c", question], env):
                    _stop(*processes)
                    pytest.fail(f"{command} did not start: {log.read_text()}", pytrace=False)
            return processes

        player = ["paplay", "--device=vs"]
        server = AudioServer(env, "default", False, player, begin(), begin)
        try:
            yield server
        finally:
            server.end()


@pytest.fixture
def pipewire_server() -> Iterator[AudioServer]:
    """PipeWire with the null sink ``vs`` at 48 kHz, PortAudio's default input its monitor."""
    with running_pipewire() as server:
        yield server


@pytest.fixture
def pipewire_jack_server(pipewire_server: AudioServer) -> AudioServer:
    """PipeWire for clients that load its own libjack, as ``pw-jack`` lets them."""
    pipewire_server.env["LD_LIBRARY_PATH"] = "/usr/${LIB}/pipewire-0.3/jack"
    pipewire_server.device = "vs"
    return pipewire_server


@pytest.fixture(params=["pulse_server", "pipewire_server"])
def sound_server(request: pytest.FixtureRequest) -> AudioServer:
    """Both servers that ``pactl`` speaks to, one after the other."""
    server: AudioServer = request.getfixturevalue(request.param)
    return server


@contextmanager
def running_jack(period: int = 128) -> Iterator[AudioServer]:
    """JACK, dummy driver, 48 kHz, ``period`` frames, in real time where that is permitted."""
    _need("jackd", "jack_lsp", package="--no-install-recommends jackd2")
    name = f"vs-{uuid.uuid4().hex[:12]}"
    with _private_home() as home:
        env = _private_environment(home, name)
        log = home / "jackd.log"
        realtime = True

        def begin() -> Processes:
            nonlocal realtime
            for realtime in (True, False):
                command = ["jackd", "-n", name, "-p", "128", "-L", "2"]
                command += ["-R", "-P", "60"] if realtime else ["-r"]
                command += ["-d", "dummy", "-r", "48000", "-p", str(period)]
                process = _start(command, env, log)
                if _becomes_ready(process, ["jack_lsp"], env):
                    return [process]
                _stop(process)
            pytest.fail(f"JACK did not start: {log.read_text()}", pytrace=False)

        play = [sys.executable, "-c", _PLAY_TO_JACK]
        processes = begin()
        server = AudioServer(env, "loopback", realtime, play, processes, begin)
        try:
            yield server
        finally:
            server.end()


@pytest.fixture
def jack_server() -> Iterator[AudioServer]:
    """See ``running_jack``."""
    with running_jack() as server:
        yield server
