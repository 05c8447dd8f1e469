"""English words that tell nothing about what is asked, those of spoken language among them."""

from __future__ import annotations

_WORDS = """
    a about after again all also always am an and any anybody anyone anything are around as ask at
    away be because been before being both but by can cannot could did do does doing done down each
    either else even ever every everybody everyone everything few for from get gets getting go goes
    going gone got had has have having he her here hers him his how i if in into is it its itself
    just kind know let lets like little lot lots made make makes many may maybe me mean might mine
    more most much must my myself need never no nobody none nor not nothing now of off often oh ok
    okay on once one only onto or other others our ours out over own perhaps please pretty quite
    rather really right said same say says see seem seems she should since so some somebody someone
    something sort such sure take tell than thank thanks that the their theirs them themselves then
    there therefore these they thing things think this those though through till to too um uh er hm
    under until up upon us use very want wants was way we well went were what whatever when where
    whether which while who whoever whom whose why will with within without would yeah yes yet you
    your yours yourself
    ain't aren't can't couldn't didn't doesn't don't hadn't hasn't haven't he'd he'll he's here's
    how's i'd i'll i'm i've isn't it'd it'll it's let's mustn't she'd she'll she's shouldn't that'd
    that'll that's there's they'd they'll they're they've wasn't we'd we'll we're we've weren't
    what'll what's when's where's who'll who's why's won't wouldn't you'd you'll you're you've
"""

STOP_WORDS = frozenset(_WORDS.split())
