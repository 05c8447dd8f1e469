"""The native half of VoiceStand: written in Rust, documented where it is defined."""

from collections.abc import Set
from os import PathLike
from typing import Any, TypedDict, final, type_check_only

import numpy as np
from numpy.typing import DTypeLike, NDArray
from typing_extensions import Buffer

__all__ = [
    "Biquads",
    "CaptureBlock",
    "CaptureReader",
    "DeviceStream",
    "Dither",
    "Engine",
    "JackClient",
    "LogMel",
    "OutputDeviceStream",
    "Player",
    "Pool",
    "PoolBlock",
    "Resampler",
    "Ring",
    "RingReader",
    "SpeechReader",
    "SpeechWindow",
    "ThermalGovernor",
    "Thermometer",
    "__version__",
    "clip_count",
    "dc",
    "deinterleave",
    "dot",
    "fir",
    "from_int16",
    "from_int24",
    "from_int32",
    "gain",
    "guard_realtime",
    "hamming",
    "hann",
    "instruction_set",
    "interleave",
    "kaiser",
    "limit",
    "mix",
    "multiply",
    "peak",
    "plan",
    "promote",
    "realtime_overruns",
    "realtime_permission",
    "rms",
    "to_int16",
    "to_int24",
    "to_int32",
    "topology",
]

__version__: str

@type_check_only
class ClockReading(TypedDict):
    """How a source's clock stands to ``time.monotonic()``.

    ``drift_ppm``: how much faster than nominal the source runs, parts per million; ``error``: how
    far the speech clock is behind, seconds; ``jitter``: the usual distance of the times that the
    source states from the smoothed ones, seconds; ``steps``: times its clock made a step.
    """

    drift_ppm: float
    error: float
    jitter: float
    steps: int

@type_check_only
class EngineBooks(TypedDict):
    """The books of an engine; see ``Engine.books``."""

    captured: int
    lost_before_dsp: int
    clock: ClockReading | None
    rejected: int
    missing: int
    blocks: int
    overflows: int
    waiting_blocks: int
    longest_gap: float

@type_check_only
class EngineStats(EngineBooks):
    """The books of an engine, and what it measures of itself; see ``Engine.stats``."""

    histograms: dict[str, HistogramSummary]
    threads: dict[str, ThreadTimes]

@type_check_only
class HistogramSummary(TypedDict):
    """What a histogram saw. ``unit`` is ``s`` (seconds) or ``blocks``; values are known to 1 %."""

    unit: str
    count: int
    p50: float
    p99: float
    p999: float
    mean: float
    max: float
    saturated: int
    """Values beyond a minute, which are counted as a minute."""

@type_check_only
class ThreadTimes(TypedDict):
    """The kernel's account of a thread since it began."""

    id: int
    """As ``top -H`` shows it."""
    cpu_seconds: float
    wait_seconds: float
    """Runnable, but without a CPU."""

@type_check_only
class PlayerStats(TypedDict):
    """See ``Player.stats``."""

    played: int
    starved: int
    underruns: int
    underflows: int

@type_check_only
class LoudnessDict(TypedDict):
    """Loudness of a speech channel after EBU R 128; see ``Engine.loudness``."""

    momentary: float
    short_term: float
    integrated: float
    range: float
    peak_hold: float

@type_check_only
class ConditioningDict(TypedDict):
    """Which stages a speech channel goes through; see ``Engine.set_conditioning``."""

    high_pass: bool
    echo_cancellation: bool
    noise_suppression: bool
    automatic_gain: bool

@type_check_only
class TopologyDict(TypedDict):
    """CPU numbers by kind, and the evidence used."""

    performance: list[int]
    efficiency: list[int]
    low_power: list[int]
    smt_siblings: list[tuple[int, int]]
    source: str

@type_check_only
class PlanDict(TypedDict):
    """CPU numbers by role; see ``voicestand.cpu.Plan``."""

    realtime: list[list[int]]
    background: list[int]
    housekeeping: list[int]
    thrifty: list[int]
    separate: bool

@final
class Engine:
    """One source's way through the native core.

    Audio comes in by a device's native callback (``device_stream``) or by ``push``; a native DSP
    thread conditions it; ``speech_reader`` gives 16 kHz speech. Every frame is delivered or counted
    as lost. Methods of a closed engine raise ``ValueError``.
    """

    def __new__(
        cls,
        *,
        sample_rate: int,
        channels: int,
        roles: list[list[int]],
        block_frames: int = 512,
        ring_seconds: float = 4.0,
        high_pass_hz: float = 80.0,
        follow_monotonic: bool = False,
    ) -> Engine:
        """Allocates the rings and starts the DSP thread.

        ``sample_rate`` in Hz, 1,000 to 768,000; ``channels`` of the source, 1 to 256; ``roles``:
        for each speech channel the source channels averaged into it, 1 to 8 of them;
        ``block_frames`` 16 to 65,536; ``ring_seconds`` 0.01 to 600; ``high_pass_hz`` 0 (off) to
        1,000; ``follow_monotonic``: the speech clock follows ``time.monotonic()`` instead of the
        source's own clock, for devices. Raises ``ValueError`` naming what is out of range.
        """

    def device_stream(
        self, *, channels: int | None = None, sample_format: str = "float32"
    ) -> DeviceStream:
        """The native callback, for one PortAudio stream of this engine's rate.

        ``channels`` of the stream, 1 to 256, by default the engine's: a device that has fewer
        repeats its last one, of more the first ones are taken. ``sample_format``: ``float32`` or
        ``int16``, which the callback converts. Raises ``ValueError`` for others.
        """

    def interrupt(self) -> None:
        """The source has gone away.

        What it does not give until its next frame becomes silence on the clock, by that frame's ADC
        time, and is counted as ``missing``: neither captured nor lost.
        """

    def advance(self, until: float) -> None:
        """After ``interrupt``, lets the clock go on to ``until``, seconds of ``time.monotonic()``.

        Readers see silence, so that who waits for an end of speech hears it while the source is
        away. Does nothing while the source is there. Raises ``ValueError`` for a time that is none.
        """

    def push(
        self, samples: NDArray[np.float32], *, adc_time: float | None = None, wait: bool = False
    ) -> int:
        """Puts audio in: float32 (frames, channels), C-contiguous, 1 = full scale.

        ``adc_time``: seconds of ``time.monotonic()`` of the first frame, by default now. With
        ``wait`` it waits, the GIL released, until no reader can lose anything. Returns the frames
        accepted: fewer only if the input was finished. Raises ``ValueError`` for another shape or a
        time that is none.
        """

    def begin_at(self, origin: float) -> None:
        """Lets speech frame 0 be at ``origin``, seconds of ``time.monotonic()``.

        Until the source begins there is silence; more than a minute before it, ``origin`` is
        ignored and frame 0 is the source's first. To be called before the source is started.
        Raises ``ValueError`` unless the engine was made with ``follow_monotonic``, or for a time
        that is none.
        """

    def speech_reader(self, frames: int = 512) -> SpeechReader:
        """A reader of 16 kHz speech in windows of ``frames`` frames, 1 to 1,000,000, from now on.

        Raises ``ValueError`` for another number, ``RuntimeError`` if there are 8 readers already.
        """

    def capture_reader(self) -> CaptureReader:
        """A reader of the frames as the source gives them, from now on.

        Raises ``RuntimeError`` if there are 7 readers already.
        """

    def finish(self) -> None:
        """No more audio: readers get what is under way and then the end."""

    def levels(self) -> list[tuple[float, float, int]]:
        """Per speech channel (peak, rms, clipped).

        Peak and RMS with 1 = full scale, the peak since the last call; clipped samples since the
        start.
        """

    def loudness(self) -> list[LoudnessDict]:
        """Per speech channel the loudness of what is delivered, behind all conditioning.

        After EBU R 128: ``momentary`` (400 ms), ``short_term`` (3 s) and ``integrated`` (since the
        start, gated) in LUFS, ``-inf`` for silence; ``range`` in LU (EBU Tech 3342). ``peak_hold``:
        the largest sample, 1 = full scale, held for 1 s, then falling by 20 dB in 1.7 s.
        """

    def set_conditioning(
        self,
        channel: int | None = None,
        *,
        high_pass: bool | None = None,
        echo_cancellation: bool | None = None,
        noise_suppression: bool | None = None,
        automatic_gain: bool | None = None,
    ) -> None:
        """Switches stages on or off, live and without a click; ``None`` leaves one as it is.

        Of speech channel ``channel``, by default of all. Frame n of the speech stays frame n of the
        source; it is delivered 10 to 20 ms later for each of echo cancellation and noise
        suppression, as long as any channel has it on. Echo cancellation works on channel 0 and
        needs a far end, which is channel 1 or what ``set_far_end`` names; without one it does
        nothing. Automatic gain adds no delay and has a limiter behind it. Raises ``ValueError`` for
        a channel that does not exist.
        """

    def conditioning(self) -> list[ConditioningDict]:
        """Per speech channel which stages are switched on."""

    def set_far_end(self, engine: Engine | None, channel: int = 0) -> None:
        """Makes a speech channel of another engine the far end of channel 0's echo; None: of none.

        Both must be live: they are aligned by when their frames were converted, and where the far
        end is late, the near end waits for it, up to 60 ms. Takes one of the far end's 8 speech
        readers. Raises ``ValueError`` for this engine itself, a channel that does not exist, or if
        no reader is left.
        """

    def books(self) -> EngineBooks:
        """In frames of the source; ``longest_gap`` between two blocks in seconds.

        Cheap enough to be asked for often.
        """

    def stats(self) -> EngineStats:
        """The books, and what the engine measures of itself, which takes long to sum up.

        ``histograms`` by name: ``callback`` and ``interval_jitter`` of a device's callback;
        ``dsp_wake`` and ``reader_wake``, from the publication of a block to the thread that slept
        for it running; per channel of a block ``mix``, ``high_pass``, ``meter``, ``resample``;
        while they are on, ``echo`` per frame of 10 ms, ``noise`` per channel of such a frame and
        ``gain`` per channel of a frame or block; ``block``, everything the DSP thread does with
        one; ``capture_depth`` and ``speech_depth``, the blocks that wait when a reader comes.
        ``threads``: ``callback`` and ``dsp``, as far as they run. Reading them does not touch the
        audio path.
        """

    def dsp_thread(self) -> tuple[int, str] | None:
        """Kernel identifier of the DSP thread, and what it was granted when it asked for real-time
        priority (``realtime``, ``nice``, ``none``); ``None`` before it runs and after it ended.
        """

    def close(self) -> None:
        """Ends the audio and the DSP thread. Readers may still read what is under way."""

@final
class CaptureReader:
    """One reader of what an engine's source gives, with books of its own; for one thread at a time.

    The reader joins and leaves while audio runs; ``del`` lets it leave.
    """

    def read(self, timeout: float | None = None) -> CaptureBlock | None:
        """The next block; ``None`` when the audio has ended.

        Waits by event, the GIL released. Raises ``TimeoutError`` after ``timeout`` seconds,
        ``RuntimeError`` while another thread reads.
        """

    @property
    def delivered(self) -> int:
        """Frames that were delivered to this reader."""

    @property
    def lost(self) -> int:
        """Frames that were overwritten before this reader came for them."""

@final
class CaptureBlock:
    """A block as the source gave it, before any conditioning."""

    @property
    def samples(self) -> NDArray[np.float32]:
        """float32 (frames, channels), 1 = full scale; a copy."""

    @property
    def first_frame(self) -> int:
        """Index of the first frame on the source's clock."""

    @property
    def adc_time(self) -> float:
        """When the first frame was converted, seconds of ``time.monotonic()``."""

    @property
    def published_time(self) -> float:
        """When the device's callback began that put it into the ring, as ``adc_time``."""

    @property
    def read_time(self) -> float:
        """When this reader had it in native code, before it took the GIL again, as ``adc_time``."""

    @property
    def flags(self) -> int:
        """1: the audio server lost audio before it."""

    @property
    def lost(self) -> int:
        """Frames directly before it that this reader came too late for."""

    @property
    def missing(self) -> int:
        """Frames directly before it that the source never gave, since it was away or lost them."""

@final
class DeviceStream:
    """What PortAudio needs to call the core without Python: a callback and its user data."""

    @property
    def callback(self) -> int:
        """Address of the ``PaStreamCallback``."""

    @property
    def userdata(self) -> int:
        """Address to pass as the callback's user data; 0 after ``release``."""

    def detach(self) -> None:
        """Ignores this stream's audio from now on and asks PortAudio to end it.

        For a stream that hangs in its close while another one takes its place.
        """

    def release(self) -> None:
        """Frees the user data. Only after the PortAudio stream was closed."""

@final
class JackClient:
    """A client of the running JACK server, for one stream; none is started.

    Raises ``ConnectionError`` where there is no libjack or no server.
    """

    def __new__(cls, name: str) -> JackClient:
        """Opens a client that the server may call ``name``, idle until it captures or plays."""

    @property
    def sample_rate(self) -> int:
        """Of the server, Hz."""

    @property
    def buffer_frames(self) -> int:
        """Frames of one call."""

    def capture(self, engine: Engine, source: str) -> None:
        """What comes from the client ``source`` goes into ``engine``, by JACK's own thread.

        Channels are connected in order, as far as ``source`` has them. Raises ``ConnectionError``
        if there is no such client or the server refuses, ``ValueError`` for an engine of another
        sample rate or of more than 32 channels.
        """

    def play(self, player: Player, sink: str) -> None:
        """What ``player`` has goes to the client ``sink``, by JACK's own thread.

        Raises as ``capture`` does.
        """

    @property
    def active(self) -> bool:
        """Whether the server lives and the first port is connected with another client."""

    def close(self) -> None:
        """Leaves the server. Safe to repeat."""

@final
class Player:
    """A ring that Python writes and a native device callback plays."""

    def __new__(cls, *, sample_rate: int, channels: int, seconds: float = 1.0) -> Player:
        """Allocates a ring of ``seconds``, 0.01 to 60.

        ``sample_rate`` 1,000 to 768,000 Hz, ``channels`` 1 to 256. Raises ``ValueError`` beyond.
        """

    def write(self, samples: NDArray[np.float32], timeout: float | None = None) -> int:
        """Appends ``samples``, float32 (frames, channels), C-contiguous, 1 = full scale.

        Waits for room, the GIL released, at most ``timeout`` seconds. Returns the frames accepted:
        fewer only where the time is over or the player is closed. Raises ``ValueError`` for another
        shape.
        """

    def drain(self, timeout: float | None = None) -> bool:
        """Says that silence may follow, and waits until the device was given everything.

        At most ``timeout`` seconds; returns whether it was.
        """

    def device_stream(self) -> OutputDeviceStream:
        """The native callback, for one PortAudio output stream of this rate and these channels."""

    def stats(self) -> PlayerStats:
        """``played``: frames the device was given. ``underruns``: how often the next frames of a
        phrase were not there, ``starved`` the frames of silence in their place. ``underflows``:
        calls that the audio server flagged."""

    def close(self) -> None:
        """No more will be written: the device plays what there is and ends. Safe to repeat."""

@final
class OutputDeviceStream:
    """What PortAudio needs to play without Python: as ``DeviceStream``, for output."""

    @property
    def callback(self) -> int:
        """Address of the ``PaStreamCallback``."""

    @property
    def userdata(self) -> int:
        """Address to pass as the callback's user data; 0 after ``release``."""

    def release(self) -> None:
        """Frees the user data. Only after the PortAudio stream was closed."""

@final
class SpeechReader:
    """One reader of an engine's speech, with books of its own; for one thread at a time."""

    def read(self, timeout: float | None = None) -> SpeechWindow | None:
        """The next window; ``None`` when the audio has ended.

        Waits by event, the GIL released. Raises ``TimeoutError`` after ``timeout`` seconds in all;
        what has come by then is kept. Raises ``RuntimeError`` while another thread reads.
        """

    @property
    def delivered(self) -> int:
        """Source frames that were delivered to this reader."""

    @property
    def lost(self) -> int:
        """Source frames that were overwritten before this reader came for them."""

@final
class SpeechWindow:
    """A window of speech; lost frames are silence in it, so window n begins at n × length."""

    @property
    def samples(self) -> NDArray[np.float32]:
        """float32 (channels, window length), 1 = full scale; behind ``frames`` there is silence."""

    @property
    def frames(self) -> int:
        """Frames of audio in the window; fewer than its length only in the last one."""

    @property
    def first_frame(self) -> int:
        """Index of the first frame on the speech clock (16 kHz)."""

    @property
    def end_adc_time(self) -> float:
        """When the end of the window was converted, seconds of ``time.monotonic()``."""

    @property
    def flags(self) -> int:
        """1: the audio server lost audio before it; 2: silence for lost frames; 4: sanitized."""

@type_check_only
class PoolClass(TypedDict):
    """The blocks of one size: how many bytes each, how many there are, are used, ever were used."""

    bytes: int
    blocks: int
    used: int
    high_water: int

@type_check_only
class PoolStats(TypedDict):
    """How a pool stands."""

    classes: list[PoolClass]
    misses: int
    """Times that no block was free in any class that is large enough."""
    fallbacks: int
    """Of those, the times that the heap gave one."""
    fallbacks_in_use: int
    locked: bool

@final
class Pool:
    """A pool of 64-byte aligned blocks of 1, 16 and 256 KiB, all of whose memory is there at once.

    Taking and giving back waits for nobody, from any thread.
    """

    def __new__(
        cls, *, small: int = 64, medium: int = 16, large: int = 4, lock: bool = False
    ) -> Pool:
        """So many blocks of 1 KiB, 16 KiB and 256 KiB, at most 65,535 each.

        With ``lock`` they are kept in memory as far as ``RLIMIT_MEMLOCK`` permits; ``stats`` says
        whether they are. Raises ``ValueError`` for more than there can be.
        """

    def take(self, nbytes: int) -> PoolBlock:
        """A block of ``nbytes`` bytes, of the smallest class that has one.

        If none has, the heap gives one, and that is counted; ``MemoryError`` if it cannot.
        """

    def stats(self) -> PoolStats:
        """The classes, smallest first, and how often they were not enough."""

@final
class PoolBlock(Buffer):
    """Bytes of a pool, writable through the buffer protocol (``BufferError`` once released).

    It is a context manager, which releases it. Its memory goes back to the pool when it was
    released, or forgotten, *and* no view of it is left: an array stays valid as long as it lives.
    """

    @property
    def nbytes(self) -> int:
        """Bytes in the block."""

    @property
    def fallback(self) -> bool:
        """Whether it came from the heap, since the pool had none."""

    def array(self, dtype: DTypeLike) -> NDArray[Any]:
        """The whole block as a writable one-dimensional array, in place.

        What an earlier owner wrote may be in it. Raises ``ValueError`` once released, or if the
        block is no whole number of elements; ``TypeError`` for a dtype of Python objects.
        """

    def release(self) -> None:
        """Gives the block back, at once or with the last view of it.

        Raises ``ValueError`` the second time.
        """

    def __len__(self) -> int:
        """Bytes in the block."""

    def __enter__(self) -> PoolBlock:
        """The block; ``ValueError`` once released."""

    def __exit__(self, *error: object) -> None:
        """Releases the block, unless that was done inside."""

@final
class Resampler:
    """Converts one channel from one sample rate to another, block by block; for one thread.

    Output k lies exactly at input position ``k * input_rate / output_rate``: the filter's delay is
    compensated. Flat within 0.001 dB up to 0.9 of the lower Nyquist frequency; what lies beyond
    that frequency is 100 dB down.
    """

    def __new__(
        cls, input_rate: int, output_rate: int = 16_000, *, adjustable: bool = False
    ) -> Resampler:
        """``input_rate`` and ``output_rate`` in Hz, 1,000 to 768,000.

        With ``adjustable`` the ratio can be trimmed while it runs, for 2 to 4 times the cost.
        Raises ``ValueError`` for rates out of range.
        """

    @property
    def input_rate(self) -> int:
        """Hz."""

    @property
    def output_rate(self) -> int:
        """Hz."""

    @property
    def delay(self) -> float:
        """Seconds of input that must be known beyond a point to output it."""

    @property
    def position(self) -> float:
        """Where the next output lies, in input samples from the first one."""

    def process(self, samples: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Takes float32 (n,), C-contiguous, and returns what it completes, float32 (m,).

        Releases the GIL from 8,192 samples on. Raises ``ValueError`` for another layout and after
        ``finish``, ``TypeError`` for another dtype or number of dimensions, ``RuntimeError`` while
        another thread is inside.
        """

    def process_into(self, samples: NDArray[np.float32], out: NDArray[np.float32], /) -> int:
        """``process`` into the front of ``out``; returns how many samples it wrote.

        ``out``, float32 and C-contiguous, must have room for ``most_output(len(samples))`` samples;
        else ``ValueError``. Otherwise raises as ``process`` does.
        """

    def most_output(self, samples: int, /) -> int:
        """The most samples that ``process`` may put out for ``samples`` samples, or ``finish``."""

    def finish(self) -> NDArray[np.float32]:
        """What the end of the input completes; after that, only ``reset`` makes it usable again.

        In total ``ceil(n * output_rate / input_rate)`` samples came out of ``n``, without a trim.
        """

    def reset(self) -> None:
        """Forgets all input, as if nothing had come; a trim stays."""

    def set_trim(self, trim: float) -> None:
        """Uses ``1 + trim`` times as much input for each output from here on, without a click.

        ``trim`` from -0.005 to 0.005. Raises ``ValueError`` beyond, or unless ``adjustable``.
        """

@final
class Ring:
    """A ring of blocks of float32 frames: one producer, many readers, nobody waits for anybody."""

    def __new__(
        cls,
        *,
        blocks: int,
        block_frames: int,
        channels: int = 1,
        readers: int = 8,
        pins: int = 8,
    ) -> Ring:
        """At least ``blocks`` blocks of up to ``block_frames`` frames of ``channels`` samples.

        For up to ``readers`` readers (1 to 32), who may keep ``pins`` blocks (0 to 1024) at a time
        without a copy, all together. Raises ``ValueError`` if it would be too large.
        """

    def write(self, samples: NDArray[np.float32]) -> None:
        """Publishes float32 (frames, channels), C-contiguous, as one block. Never waits.

        Raises ``ValueError`` for more than ``block_frames`` frames, another shape, or after
        ``close``.
        """

    def reader(self) -> RingReader:
        """A new reader, which sees what is written from now on.

        Raises ``RuntimeError`` if there are as many as the ring was made for.
        """

    @property
    def pinned(self) -> int:
        """Blocks that are kept by arrays of ``RingReader.borrow`` at this moment."""

    def close(self) -> None:
        """No more blocks: readers get what is there and then the end."""

@final
class RingReader:
    """One reader of a ring; for one thread at a time."""

    def read(self, timeout: float | None = None) -> tuple[NDArray[np.float32], int, int] | None:
        """The next block as (samples, first frame, frames lost before it); ``None`` at the end.

        ``samples`` is a copy, float32 (frames, channels). Waits by event, the GIL released; raises
        ``TimeoutError`` after ``timeout`` seconds, ``RuntimeError`` while another thread reads.
        """

    def borrow(self, timeout: float | None = None) -> tuple[NDArray[np.float32], int, int] | None:
        """The next block like ``read``, but without a copy.

        ``samples`` is a read-only array of the ring's own memory. The ring leaves the block alone
        until the last array over it is gone, whatever becomes of the reader and the ring, and goes
        on with others. It has ``pins`` blocks for that: with so many borrowed already, raises
        ``BufferError`` and reads nothing; drop such an array, or ``read`` the block as a copy.
        """

    @property
    def delivered(self) -> int:
        """Frames delivered to this reader."""

    @property
    def lost(self) -> int:
        """Frames that were overwritten before this reader came for them."""

@final
class Thermometer:
    """The package temperature of this machine, or of a snapshot in the folder ``sysroot``."""

    def __new__(cls, sysroot: str | PathLike[str] | None = None) -> Thermometer:
        """Finds the sensors; without any, ``read`` gives ``None``."""

    def read(self) -> float | None:
        """°C of the hottest package; ``None`` where nothing plausible can be read."""

    @property
    def limit(self) -> float:
        """°C to stay below: the lowest plausible trip point, else 100."""

@final
class ThermalGovernor:
    """How much background work the machine can cool: a state machine over the temperature.

    Levels, most work first: ``full``, ``batched``, ``thrifty``, ``single``. Steps need the
    temperature to stay beyond a threshold; see docs/architecture.md.
    """

    def __new__(cls, limit: float = 100.0) -> ThermalGovernor:
        """At full load; ``limit``: °C to stay below. Raises ``ValueError`` if it is no number."""

    @property
    def level(self) -> str:
        """The present level."""

    def observe(self, now: float, celsius: float | None) -> str | None:
        """Takes in a reading in °C (``None``: no reading), made at ``now``, about once a second.

        ``now``: seconds of a clock that does not go back. The new level; ``None`` if it stays.
        Raises ``ValueError`` for a time below 0 or that is none.
        """

def topology(
    sysroot: str | PathLike[str] | None = None, *, allowed: Set[int] | None = None
) -> TopologyDict:
    """The CPUs by kind: of this machine, as far as the process may use them, or of a snapshot.

    ``sysroot`` is a folder that holds the ``sys/`` and ``proc/`` of a machine; ``allowed``
    restricts the result to these CPUs. Raises ``ValueError`` if it is no such snapshot.
    """

def plan(
    realtime: int,
    background: int,
    sysroot: str | PathLike[str] | None = None,
    *,
    allowed: Set[int] | None = None,
) -> PlanDict:
    """Where ``realtime`` and ``background`` threads, 0 to 1,024 each, should run.

    ``sysroot`` and ``allowed`` as for :func:`topology`. Raises ``ValueError`` for what is out of
    range or no snapshot.
    """

def promote(priority: int) -> str:
    """Asks for ``SCHED_FIFO`` with ``priority`` for the calling thread, else for a negative nice.

    Says what was granted, as ``realtime_permission``. Raises ``ValueError`` outside 1 to 99.
    """

def realtime_permission() -> str:
    """What a thread of this process would be granted: ``realtime``, ``nice`` or ``none``."""

def guard_realtime(thread: int) -> None:
    """Limits real-time computing time as rtkit demands, for the whole process.

    ``thread`` (a kernel identifier) is made an ordinary one should it reach the limit. Raises
    ``OSError`` if that cannot be done: then it must not be given real-time scheduling.
    """

def realtime_overruns() -> int:
    """How often real-time threads reached the limit since the process began."""

@final
class Dither:
    """Triangular dither of one least significant bit, reproducible by its seed."""

    def __new__(cls, seed: int = 0) -> Dither:
        """Noise that depends on ``seed``, 0 to 2**64 - 1, alone."""

@final
class Biquads:
    """A cascade of second-order sections with its state, in double precision."""

    def __new__(cls, sections: list[tuple[float, float, float, float, float]]) -> Biquads:
        """1 to 64 sections (b0, b1, b2, a1, a2), each with a0 = 1.

        Raises ``ValueError`` for another number of them, or one that is not finite or unstable.
        """

    @staticmethod
    def high_pass(corner_hz: float, sample_rate: int, *, order: int = 2) -> Biquads:
        """Butterworth's high-pass of an even ``order`` up to 16, -3 dB at ``corner_hz``.

        Raises ``ValueError`` for another order, or a corner (Hz) not between 0 and half of
        ``sample_rate`` (Hz).
        """

    def process(
        self, samples: NDArray[np.float32], *, out: NDArray[np.float32] | None = None
    ) -> None:
        """Filters float32 samples, the next block of one channel, in place or into ``out``.

        A sample that is no finite number counts as 0.
        """

    def reset(self) -> None:
        """Forgets what it heard."""

@final
class LogMel:
    """Whisper's features of 16 kHz speech."""

    def __new__(cls) -> LogMel:
        """80 of Slaney's mel bands from 0 to 8 kHz; Hann windows of 25 ms, one every 10 ms."""

    def process(
        self, samples: NDArray[np.float32], out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Features, float32 (80, n // 160), of speech, float32 (n,).

        Power in each band, at least 1e-10; log10 of it, no more than 8 below the largest; plus 4,
        divided by 4. Windows are centred, and the speech is reflected at both ends.
        """

def instruction_set() -> str:
    """The instruction set in use: ``scalar``, ``avx2`` or ``avx512``.

    Chosen once: the best of the CPU, or what the environment variable ``VOICESTAND_SIMD`` names.
    Raises ``ValueError`` if that does not exist or the CPU does not have it, as every function of
    ``voicestand.dsp`` does then.
    """

def gain(
    samples: NDArray[np.float32],
    start: float,
    end: float | None = None,
    *,
    out: NDArray[np.float32] | None = None,
) -> None:
    """Multiplies ``samples`` by a gain, in place or into ``out``.

    float32 of any shape. With ``end`` the gain goes linearly: sample i of n is multiplied by
    ``start + i * (end - start) / n``. Raises ``ValueError`` for a gain that is not finite.
    """

def mix(into: NDArray[np.float32], samples: NDArray[np.float32], weight: float = 1.0) -> None:
    """Adds ``weight * samples`` to ``into``; both float32 of one shape.

    Raises ``ValueError`` for a weight that is not finite.
    """

def multiply(
    samples: NDArray[np.float32],
    window: NDArray[np.float32],
    *,
    out: NDArray[np.float32] | None = None,
) -> None:
    """Multiplies ``samples`` by ``window``, in place or into ``out``; float32 of one shape."""

def limit(
    samples: NDArray[np.float32],
    *,
    threshold: float = 0.7,
    ceiling: float = 1.0,
    out: NDArray[np.float32] | None = None,
) -> None:
    """Limits ``samples`` softly, in place or into ``out``; float32 of any shape, NaN becomes 0.

    Unchanged up to ``threshold``; with k = ceiling - threshold and e = |x| - threshold, the size
    becomes threshold + e - e**2 / (4 k), and the ceiling from e = 2 k on. Raises ``ValueError``
    unless 0 <= threshold < ceiling.
    """

def interleave(
    planes: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Frames, float32 (frames, channels), from planes, float32 (channels, frames)."""

def deinterleave(
    frames: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Planes, float32 (channels, frames), from frames, float32 (frames, channels)."""

def from_int16(
    samples: NDArray[np.int16], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """int16 to float32 of the same shape, 1 = full scale: divided by 2**15, exactly."""

def from_int24(
    samples: NDArray[np.uint8], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Packed little-endian 24-bit samples, uint8 (3 n,), to float32 (n,), exactly.

    They are divided by 2**23.
    """

def from_int32(
    samples: NDArray[np.int32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """int32 to float32 of the same shape: divided by 2**31, rounded to the nearest."""

def to_int16(
    samples: NDArray[np.float32],
    out: NDArray[np.int16] | None = None,
    *,
    dither: Dither | None = None,
) -> NDArray[np.int16]:
    """float32 to int16 of the same shape: times 2**15, dithered or rounded to the nearest.

    Saturates beyond full scale; NaN counts as 0. Halves are rounded down.
    """

def to_int24(
    samples: NDArray[np.float32],
    out: NDArray[np.uint8] | None = None,
    *,
    dither: Dither | None = None,
) -> NDArray[np.uint8]:
    """float32 of n samples to packed little-endian 24-bit samples, uint8 (3 n,).

    Times 2**23; otherwise as ``to_int16``.
    """

def to_int32(
    samples: NDArray[np.float32], out: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """float32 to int32 of the same shape: times 2**31, rounded, saturated; NaN gives 0."""

def peak(samples: NDArray[np.float32]) -> float:
    """The largest size of a sample, float32 of any shape; NaN is left out, 0 for none."""

def rms(samples: NDArray[np.float32]) -> float:
    """The root of the mean square of float32 samples, summed in double precision; 0 for none."""

def dc(samples: NDArray[np.float32]) -> float:
    """The mean of float32 samples, summed in double precision; 0 for none."""

def clip_count(samples: NDArray[np.float32], threshold: float = 0.9999695) -> int:
    """How many float32 samples are at least ``threshold`` in size; NaN is not."""

def dot(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The dot product of two float32 arrays of one shape.

    Within 2 n * 2**-24 of the sum of the sizes of the n products.
    """

def fir(
    samples: NDArray[np.float32], taps: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """The convolution of float32 (n,) with ``taps``, float32 (k,), where they overlap completely.

    float32 (n - k + 1,): what ``numpy.convolve(samples, taps, "valid")`` gives, within
    2 k * 2**-24 of the sum of the sizes of the products.
    """

def hann(length: int, *, periodic: bool = False) -> NDArray[np.float32]:
    """Hann's window, float32 (length,); ``periodic`` for spectra, symmetric for filters.

    ``length`` up to 2**24; raises ``ValueError`` beyond, as ``hamming`` and ``kaiser`` do.
    """

def hamming(length: int, *, periodic: bool = False) -> NDArray[np.float32]:
    """Hamming's window, float32 (length,); ``periodic`` for spectra, symmetric for filters."""

def kaiser(length: int, beta: float, *, periodic: bool = False) -> NDArray[np.float32]:
    """Kaiser's window of shape ``beta``, float32 (length,).

    Raises ``ValueError`` for a ``beta`` outside 0 to 100.
    """
