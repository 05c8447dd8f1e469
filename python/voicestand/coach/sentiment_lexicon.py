"""Words of feeling as they are said on calls; English. Weights: 4 weak, 8 plain, 12 strong."""

from __future__ import annotations

from voicestand.coach.words import word_set

WEAK, PLAIN, STRONG = 4, 8, 12

_KIND_WEAK = """
    agree agreed alright better calm clear comfortable confident correct curious easier easy
    fair fast fine flexible fresh hopeful interested interesting keen nice nicely okay patient
    polite positive promising quick reasonable relevant reliable safe simple smooth smoothly
    solid solved sorted stable thank thanks useful valuable welcome willing
"""
_KIND = """
    appreciate appreciated benefit benefits brilliantly cheerful convinced convincing delighted
    effective encouraging enjoy enjoyed enjoying excited favourite favorite friendly fun
    generous glad good grateful great happier happy helpful hope impressed impressive improve
    improved improvement improving lovely love loved loves lucky perfectly pleasant pleased
    pleasure progress proud recommend relief relieved satisfied satisfying smart success
    successful successfully thankful trust trusted win winning wins worth
"""
_KIND_STRONG = """
    amazing awesome best brilliant excellent exceptional exciting fabulous fantastic incredible
    magnificent marvellous marvelous outstanding perfect remarkable spectacular stunning superb
    terrific thrilled wonderful wonderfully
"""
_UNKIND_WEAK = """
    afraid ambiguous challenge challenges challenging complex complicated concern concerned
    concerns cumbersome delay delayed delays difficult difficulty doubt doubts doubtful
    expensive forgot hard harder hesitant incomplete issue issues lack lacks lacking late
    limited messy miss missed missing nervous odd outdated overdue risk risks risky rushed
    skeptical sceptical slow slower slowly stress stressed stuck tedious tired tough trouble
    unable unclear unsure weird worried worries worry worrying
"""
_UNKIND = """
    angry annoyed annoying argue bad badly blame boring bothered broke broken bug bugs bureaucratic
    complain complained complaining complaint complaints confused confusing crash crashed crashes
    crashing damage damaged disappointed disappointing disappointment dislike error errors fail
    failed failing fails failure failures fault faulty frustrated frustrating frustration hurt
    ignored impossible inaccurate inadequate incorrect ineffective inefficient inferior insecure
    insufficient irritated irritating lose losing loss lost mess misleading mistake mistakes
    negative overpriced overwhelmed painful poor poorly problem problems refund refuse refused
    regret reject rejected ruin ruined rude sad severe sick struggle struggled struggles struggling
    suffer suffered suffering suspicious terrified unacceptable uncomfortable unfair unfortunate
    unfortunately unhappy unpleasant unreliable unsatisfied upset useless waste wasted wasting weak
    worse wrong pain pains
"""
_UNKIND_STRONG = """
    abysmal appalling atrocious awful catastrophe catastrophic devastated devastating disaster
    disastrous disgusted disgusting dreadful furious garbage hate hated hates hopeless horrendous
    horrible horrific horribly nightmare outrageous pathetic ridiculous rubbish terrible
    unbearable worst worthless
"""

WORDS: dict[str, int] = {
    word: weight
    for words, weight in (
        (_KIND_WEAK, WEAK),
        (_KIND, PLAIN),
        (_KIND_STRONG, STRONG),
        (_UNKIND_WEAK, -WEAK),
        (_UNKIND, -PLAIN),
        (_UNKIND_STRONG, -STRONG),
    )
    for word in word_set(words)
}
"""Weight of each word that shows feeling, above 0 for kind ones."""

PHRASES: dict[str, int] = {
    # What would be judged wrongly word by word.
    "no problem": PLAIN,
    "not a problem": PLAIN,
    "no worries": PLAIN,
    "no doubt": WEAK,
    "no issue": WEAK,
    "no issues": WEAK,
    "not bad": WEAK,
    "i am afraid": 0,
    "would like": WEAK,
    "good morning": 0,
    "good afternoon": 0,
    "good evening": 0,
    "hard drive": 0,
    "not sure": -WEAK,
    "at risk": -PLAIN,
    "trust me": 0,
    # What shows feeling only together.
    "i like": PLAIN,
    "we like": PLAIN,
    "really like": PLAIN,
    "do not like": -PLAIN,
    "did not like": -PLAIN,
    "works well": PLAIN,
    "works for": WEAK,
    "going well": PLAIN,
    "went well": PLAIN,
    "very kind": PLAIN,
    "makes sense": WEAK,
    "make sense": WEAK,
    "looking forward": PLAIN,
    "look forward": PLAIN,
    "fed up": -STRONG,
    "sick of": -STRONG,
    "tired of": -PLAIN,
    "let down": -PLAIN,
    "waste of time": -STRONG,
    "a joke": -PLAIN,
    "not working": -PLAIN,
    "does not work": -PLAIN,
    "did not work": -PLAIN,
    "do not work": -PLAIN,
    "stopped working": -PLAIN,
    "does not help": -PLAIN,
    "not interested": -PLAIN,
    "no interest": -PLAIN,
    "too much": -WEAK,
    "too long": -WEAK,
    "too many": -WEAK,
    "too high": -WEAK,
    "deal breaker": -PLAIN,
    "no way": -PLAIN,
    "thank you": WEAK,
    "well done": PLAIN,
    "go ahead": WEAK,
}
"""Weight of two or three words together, which then do not count singly; 0: no feeling at all."""

BOOSTERS = word_set(
    "absolutely completely deeply especially extremely incredibly particularly quite really so "
    "terribly totally truly very super too"
)
DAMPENERS = word_set("slightly somewhat bit little fairly almost partly")
