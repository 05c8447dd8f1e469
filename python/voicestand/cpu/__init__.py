"""The processors: which kinds there are, what should run where, how urgently, how hot it is.

``from voicestand import cpu`` or ``vs.cpu``. Nothing here is needed for correct audio, and the
engines of a session are placed without it; this is for threads of your own beside them::

    plan = vs.cpu.plan(realtime=1)
    vs.cpu.pin(plan.realtime[0])
    print(vs.cpu.promote(), vs.cpu.temperature())
"""

from __future__ import annotations

from voicestand.cpu.affinity import pin
from voicestand.cpu.placement import Plan, plan
from voicestand.cpu.priority import Granted, promote
from voicestand.cpu.thermal import temperature
from voicestand.cpu.topology import Topology, topology

__all__ = [
    "Granted",
    "Plan",
    "Topology",
    "pin",
    "plan",
    "promote",
    "temperature",
    "topology",
]
