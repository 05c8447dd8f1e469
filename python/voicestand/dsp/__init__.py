"""Signal processing of the native core: SIMD kernels on NumPy arrays, and resampling.

Every kernel takes C-contiguous arrays of the dtype it names and copies nothing: it works in place,
or into ``out``, an array of the right shape that shares no memory with an input. Where a result is
returned, ``out`` is optional and a new array is made without it. Another dtype raises
``TypeError``; another shape, an array that is not contiguous, is read-only or overlaps raises
``ValueError``. From 32,768 elements on the GIL is released; as with NumPy, no other thread may
write to the arrays meanwhile.

    >>> import numpy as np
    >>> from voicestand import dsp
    >>> samples = np.array([0.5, -1.0, 0.25, 0.0], dtype=np.float32)
    >>> dsp.gain(samples, 0.5)
    >>> dsp.peak(samples)
    0.5
"""

from voicestand._native import (
    Biquads,
    Dither,
    LogMel,
    Resampler,
    clip_count,
    dc,
    deinterleave,
    dot,
    fir,
    from_int16,
    from_int24,
    from_int32,
    gain,
    hamming,
    hann,
    instruction_set,
    interleave,
    kaiser,
    limit,
    mix,
    multiply,
    peak,
    rms,
    to_int16,
    to_int24,
    to_int32,
)
from voicestand.dsp.resampling import resample

__all__ = [
    "Biquads",
    "Dither",
    "LogMel",
    "Resampler",
    "clip_count",
    "dc",
    "deinterleave",
    "dot",
    "fir",
    "from_int16",
    "from_int24",
    "from_int32",
    "gain",
    "hamming",
    "hann",
    "instruction_set",
    "interleave",
    "kaiser",
    "limit",
    "mix",
    "multiply",
    "peak",
    "resample",
    "rms",
    "to_int16",
    "to_int24",
    "to_int32",
]
