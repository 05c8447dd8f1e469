"""Advice by a language model: any endpoint that speaks OpenAI's chat protocol, streamed.

Nothing waits for it. How a question travels::

    Context ─► prompt (bounded, all of it data) ─► Router ─► chat (one streamed request) ─► answer
       │                                             │                                        │
       └─► fingerprint ─► cache of the router ───────┘        refused ◄── checks ◄────────────┤
                                                                                              ▼
                                                                          tell(ticket, Advice)

``answer``, ``prompt`` and ``budget`` are without clocks, tasks or input and output.
"""
