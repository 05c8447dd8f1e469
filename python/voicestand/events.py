"""The typed events: the only language between rooms, and what ``--events`` prints.

``t``, ``start`` and ``end`` are seconds on the audio clock (frame index / sample rate); every
``*_ms`` is a duration in milliseconds of the monotonic clock. ``t`` is when something was, not when
it was known: the end of speech is told after the partials of the silence behind it. ``channel`` is
the role of the speaker: ``self`` (microphone) or ``other`` (the far end). One event is one JSON
object; optional fields that have no value are left out.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["info", "warning", "error"]
Failure = Literal["gave-up", "overrun", "unavailable"]
SuggestionKind = Literal["playbook", "metric", "knowledge", "generated"]


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One recognized word. ``confidence`` is 0 to 1 where the engine states it.

    A word may begin a little before its utterance, whose ``start`` is estimated by the voice
    activity: the recognizer also hears the pre-roll.
    """

    text: str
    start: float
    end: float
    confidence: float | None = None


class ChannelMetrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one channel has spoken so far. Formulas: docs/coaching.md."""

    talk_seconds: float
    talk_ratio: float
    """Share of all speech in the call, 0 to 1; 0 while nobody has spoken."""
    words: int
    words_per_minute: float
    """Over the time spoken, not wall time; 0 while nothing was said."""
    longest_monologue: float
    """Seconds."""
    questions: int
    """Open and closed."""
    fillers: int
    open_questions: int = 0
    """Of the questions, those that a fact or a yes does not answer."""
    turns: int = 0
    backchannels: int = 0
    """Utterances of a mere listener (``mhm``): no turns."""
    interruptions: int = 0
    """How often it began while another still spoke."""
    patience: float | None = None
    """Seconds between the end of another's turn and the beginning of its own, on average."""
    sentiment: float | None = None
    """Of its words, -1 to 1; absent while none shows any feeling."""
    sentiment_trend: float | None = None
    """Of the last five minutes less that of all before, -2 to 2; absent without evidence."""


class CallMetrics(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How all have spoken together so far. Formulas: docs/coaching.md."""

    seconds: float
    """From the first word to the last, without breaks of more than two minutes."""
    talk_seconds: float
    """Of all channels together."""
    words: int
    words_per_minute: float
    """Over the time spoken."""
    longest_monologue: float
    """Seconds."""
    questions: int
    open_questions: int
    fillers: int
    turns: int
    interactivity: float
    """How often the turn went from one to another, per minute."""
    interruptions: int
    crosstalk_seconds: float
    """In which more than one spoke, back-channel aside."""
    dead_air: int
    """Silences of all of more than five seconds that were no breaks."""
    dead_air_seconds: float
    """Their length together."""
    longest_silence: float
    """Seconds."""
    patience: float | None = None
    sentiment: float | None = None
    sentiment_trend: float | None = None


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """What a histogram saw since the session began; known to 1 %."""

    unit: Literal["ms", "blocks"]
    count: int
    p50: float
    p99: float
    p999: float
    mean: float
    max: float
    saturated: int
    """Values beyond a minute, which are counted as a minute."""


class ThreadUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel's account of a native thread since it began."""

    id: int
    """As ``top -H`` shows it."""
    cpu_seconds: float
    wait_seconds: float
    """Runnable, but without a CPU."""


class Loudness(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How loud a channel is as it is recognized, after EBU R 128; absent: silence."""

    momentary_lufs: float | None = None
    """Over 400 ms."""
    short_term_lufs: float | None = None
    """Over 3 s."""
    integrated_lufs: float | None = None
    """Of the session, pauses left out."""
    range_lu: float
    """Between its soft and its loud parts (EBU Tech 3342)."""
    peak_dbfs: float | None = None
    """The largest sample, held for a second, then falling by 20 dB in 1.7 s."""


class SourceStats(msgspec.Struct, frozen=True, kw_only=True):
    """One source and its engine. Frames are the source's: captured = delivered + lost + waiting."""

    name: str
    channels: list[str]
    frames_captured: int
    frames_delivered: int
    frames_lost: int
    xruns: int
    waiting_blocks: int
    longest_gap_ms: float
    """Between two blocks of the source."""
    histograms: dict[str, Quantiles]
    """By the names of ``Engine.stats``: callback, interval_jitter, dsp_wake, reader_wake, …"""
    threads: dict[str, ThreadUsage]
    loudness: dict[str, Loudness] = {}
    """By channel."""


class ProcessUsage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One process of the session: the engine's own, and a recognizer's for each channel."""

    pid: int
    name: str
    """``engine``, ``recognizer CHANNEL`` or ``recognizers' template``."""
    rss_bytes: int
    """Resident, with what it shares with others."""
    pss_bytes: int | None = None
    """Resident, what is shared counted in parts, as of ten seconds ago at most; absent where the
    kernel does not say."""
    cpu_percent: float
    """Of one core, over ``interval``."""


class ProviderStats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one provider was asked, and what came of it. Requests = successes + abandoned + failures
    + those under way."""

    name: str
    state: Literal["closed", "open", "half-open"]
    """Of its circuit breaker; open: it is not asked."""
    requests: int
    """All that were sent, retries and hedges included."""
    retries: int
    hedges: int
    """Sent because an earlier one was late."""
    hedges_won: int
    """Of them, those whose answer came first."""
    successes: int
    abandoned: int
    """Given up since another one was quicker."""
    failures: dict[str, int] = {}
    """By kind, e.g. ``rate-limited``, ``timed-out``."""
    p50_ms: float | None = None
    """Of the latest 64 answers, five minutes at most; absent where there is none."""
    p95_ms: float | None = None
    units: float
    """What is paid for: of a recognizer, seconds of audio. With what was given up."""
    cost: float
    """``units`` times the price that was set."""


class RoutingStats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Requests that providers elsewhere were to answer, e.g. utterances.

    ``requests - cache_hits - fallbacks - unanswered`` were answered by a provider, or will be.
    """

    requests: int
    cache_hits: int
    """Answered by what a provider had said to the same request."""
    fallbacks: int
    """Answered on this machine, since no provider did in time."""
    unanswered: int = 0
    providers: list[ProviderStats]


class GenerationStats(msgspec.Struct, frozen=True, kw_only=True):
    """What language models were asked, and what came of it, since the session began."""

    routing: RoutingStats
    overtaken: int
    """Questions that nobody wanted an answer to any more when it could have come."""
    refused: int
    """Answers that must not be shown: a link, a figure that nobody named."""
    tokens_read: int
    tokens_written: int
    """As the models count them; where they do not say, as estimated from the text."""
    cost: float
    """By the prices that were set."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What every event carries."""

    session: str
    t: float


class SessionStarted(Event, frozen=True, kw_only=True, tag="session.started"):
    """The engine listens: models warm, source open. Always the first event."""

    version: str
    started_at: str
    """Wall time, ISO 8601 with offset. For humans only."""
    source: str
    channels: list[str]
    sample_rate: int
    """Of the source, Hz."""
    engine: str
    """The recognizer."""
    vad_device: str
    """The device that really computes the voice activity, e.g. ``CPU`` or ``NPU``."""


class SpeechSegment(msgspec.Struct, frozen=True, kw_only=True):
    """Speech without a pause of 0.1 s, in seconds on the audio clock."""

    start: float
    end: float


class SpeechStarted(Event, frozen=True, kw_only=True, tag="speech.started"):
    """Somebody began to speak; ``t`` is the onset."""

    channel: str
    utterance: str


class SpeechEnded(Event, frozen=True, kw_only=True, tag="speech.ended"):
    """The utterance is complete; its final transcript follows."""

    channel: str
    utterance: str
    start: float
    end: float
    reason: Literal["silence", "longest", "end"]
    """Why it ended: silence, the longest utterance was reached, or the audio ended."""
    segments: list[SpeechSegment] = []
    """The speech in it: an utterance bridges pauses, of which these are the ends."""


class TranscriptPartial(Event, frozen=True, kw_only=True, tag="transcript.partial"):
    """What the recognizer believes so far.

    The first ``stable`` characters stay in all later partials of the utterance; what follows them
    may change. The transcript is not bound by either.
    """

    channel: str
    utterance: str
    text: str
    stable: int = 0


class TranscriptFinal(Event, frozen=True, kw_only=True, tag="transcript.final"):
    """The transcript of one utterance, exactly once. It is on disk before this event is shown."""

    channel: str
    utterance: str
    text: str
    start: float
    end: float
    engine: str
    latency_ms: float
    """From the ADC stamp of the last frame of speech to this event."""
    engine_ms: float
    """The share of ``latency_ms`` that is neither the recognizer nor the awaited silence."""
    recognizer_ms: float
    """The share of ``latency_ms`` spent waiting for the recognizer."""
    words: list[Word] | None = None
    recovered: bool = False
    """The program was killed before this was transcribed, and a later one did it, as far as the
    audio was on disk. Its durations are 0. Only in the journal: the session's events had ended."""
    failed: Failure | None = None
    """Why the recognizer had no word on it, or not the last: the utterance made it fail again and
    again, its audio had to make room for newer audio, or no recognizer could be started."""
    audio: str | None = None
    """Where the audio of what failed is, from the journal's folder."""


class CoachMetrics(Event, frozen=True, kw_only=True, tag="coach.metrics"):
    """The state of the conversation, per channel and as a whole."""

    channels: dict[str, ChannelMetrics]
    call: CallMetrics | None = None


class CoachStage(Event, frozen=True, kw_only=True, tag="coach.stage"):
    """The conversation has come to another stage of the playbook; also told of the first."""

    stage: str
    confidence: float
    """Its probability at this moment, 0 to 1."""


class CoachCheck(Event, frozen=True, kw_only=True, tag="coach.check"):
    """An item of the playbook's checklist was done."""

    channel: str
    """The channel whose utterance ticked it."""
    utterance: str
    check: str
    title: str


class SuggestionCard(msgspec.Struct, frozen=True, kw_only=True):
    """A battlecard: what to know at one glance."""

    id: str
    title: str
    lines: list[str]


class CoachSuggestion(Event, frozen=True, kw_only=True, tag="coach.suggestion"):
    """Advice for the person on channel ``self``."""

    channel: str
    """The channel whose utterance caused it."""
    utterance: str
    kind: SuggestionKind
    text: str
    sources: list[str]
    """Where it comes from, e.g. ``playbook:sales-call/price-objection``, the best first."""
    latency_ms: float
    """From the final transcript to this event."""
    card: SuggestionCard | None = None
    """The playbook's battlecard that goes with it."""
    suggestion: str = ""
    """Names it in this session."""
    replaces: str | None = None
    """The suggestion in whose place it is, which is no longer of use."""


class CoachWithdrawn(Event, frozen=True, kw_only=True, tag="coach.withdrawn"):
    """A suggestion is no longer of use, and none takes its place."""

    suggestion: str
    reason: Literal["overtaken", "expired"]
    """They have gone on to something else; or it has been there for long enough."""


class EngineAlert(Event, frozen=True, kw_only=True, tag="engine.alert"):
    """Something a user should know; ``code`` is stable, ``message`` is for humans."""

    severity: Severity
    code: str
    message: str
    channel: str | None = None


class EngineStats(Event, frozen=True, kw_only=True, tag="engine.stats"):
    """What the engine measures of itself: every ten seconds, and before the session ends."""

    interval: float
    """Seconds that the percentages are of: since the one before, or the beginning."""
    sources: list[SourceStats]
    processes: list[ProcessUsage]
    cores: dict[str, float]
    """How busy each CPU of the machine was with all that runs on it, percent, by number."""
    routing: dict[str, RoutingStats] = {}
    """By channel, where the recognizer asks providers elsewhere; since the session began."""
    lag: dict[str, float] = {}
    """By channel: seconds of what was said that the recognizer has not heard yet."""
    models: GenerationStats | None = None
    """Where language models advise; since the session began."""


class SessionEnded(Event, frozen=True, kw_only=True, tag="session.ended"):
    """The books: ``frames_captured = frames_delivered + frames_lost``. Always the last event."""

    frames_captured: int
    """Frames of the source that the native callback (or the file reader) accepted."""
    frames_delivered: int
    """Frames whose audio reached voice activity detection."""
    frames_lost: int
    """Frames that were overwritten before they were read. Counted exactly."""
    xruns: int
    """Callbacks that the audio server flagged with an overflow: audio lost before the engine."""
    utterances: int
    """Final transcripts, empty ones included."""
    suggestions: int
    duration: float
    """Seconds on the session's clock: of a file's audio, or since the device was opened."""
    reason: Literal["end", "duration", "interrupted", "failed"]
    channels: dict[str, ChannelMetrics]
    call: CallMetrics | None = None
    frames_missing: int = 0
    """Frames that a device never gave, since it was away or its JACK server lost them: silence on
    the clock, neither captured nor lost."""
    routing: dict[str, RoutingStats] = {}
    """As in the last ``engine.stats``."""
    models: GenerationStats | None = None
    """Where language models advised."""


AnyEvent = (
    SessionStarted
    | SpeechStarted
    | SpeechEnded
    | TranscriptPartial
    | TranscriptFinal
    | CoachMetrics
    | CoachStage
    | CoachCheck
    | CoachSuggestion
    | CoachWithdrawn
    | EngineAlert
    | EngineStats
    | SessionEnded
)
"""Every event there is; decode a line with ``msgspec.json.decode(line, type=AnyEvent)``."""

_encoder = msgspec.json.Encoder()


def to_json(event: Event) -> bytes:
    """One event as one line of JSON, without the line break (UTF-8)."""
    return _encoder.encode(event)


def from_json(line: bytes | str) -> AnyEvent:
    """The event a line of JSON holds. Raises ``msgspec.DecodeError`` on anything else."""
    event: AnyEvent = msgspec.json.decode(line, type=AnyEvent)
    return event
