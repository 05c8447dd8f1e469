"""Signal processing of the native core, for NumPy."""

from __future__ import annotations

from voicestand._native import Resampler
from voicestand.dsp.resampling import resample

__all__ = ["Resampler", "resample"]
