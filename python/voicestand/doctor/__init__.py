"""What this machine and this installation can and cannot do, and the line that mends it."""

from __future__ import annotations

from voicestand.doctor.check import Check, Status
from voicestand.doctor.examination import examine

__all__ = ["Check", "Status", "examine"]
