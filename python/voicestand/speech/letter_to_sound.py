"""How an English word that no dictionary knows is probably spoken, by rules of spelling.

In the manner of Elovitz et al., *Automatic translation of English text to phonetics by means of
letter-to-sound rules* (Naval Research Laboratory, 1976), with fewer rules. Phones are those of the
CMU dictionary, without stress.
"""

from __future__ import annotations

import re

_RULES = {
    "a": (
        ("a$", "AH"), ("are$", "EH R"), ("ar", "AA R"), ("air", "EH R"), ("ai|ay", "EY"),
        ("au|aw", "AO"), ("all", "AO L"), ("al(?=k)", "AO"), ("ange", "EY N JH"),
        ("able$", "AH B AH L"), ("age$", "IH JH"),
        ("a(?=[^aeiouwy]e$|[^aeiou]i?[eo]n$|tion)", "EY"),
        ("a(?=[^aeiouwxy][iy])", "EY"), ("(?<=[aeiouy]..)al$", "AH L"), ("aa", "AA"), ("a", "AE"),
    ),
    "b": (("bb?", "B"),),
    "c": (
        ("ch(?=[rl])", "K"), ("ch", "CH"), ("sch", "S K"), ("ck|cc(?![eiy])", "K"),
        ("c(?=ia|ie|io)", "SH"), ("c(?=[eiy])", "S"), ("c", "K"),
    ),
    "d": (("dge?(?=[eiy]|$)", "JH"), ("dd?", "D")),
    "e": (
        ("eau", "OW"), ("ear", "IH R"), ("eer", "IH R"), ("ee|ea", "IY"), ("ei(?=gh)", "EY"),
        ("ei", "AY"), ("eu|ew", "UW"), ("ey$", "IY"), ("ey", "EY"), ("er", "ER"),
        ("(?<=[aeiouy].)e$|(?<=[aeiouy]..)e$", ""), ("(?<=[aeiouy][^sxz])es$", "Z"), ("e$", "IY"),
        ("^e(?=[^aeiou][aeiou])", "IY"), ("e(?=[^aeiouwxr]e$)", "IY"), ("e", "EH"),
    ),
    "f": (("ff?", "F"),),
    "g": (
        ("gh(?=t|$)", ""), ("gh", "G"), ("gn(?=$)|^gn", "N"), ("gg", "G"),
        ("(?<!^)g(?=[ei])", "JH"), ("g", "G"),
    ),
    "h": (("(?<=[aeiou])h(?![aeiouy])", ""), ("h", "HH")),
    "i": (
        ("igh", "AY"), ("ie$", "IY"), ("ie", "IY"), ("ir", "ER"), ("ing$", "IH NG"), ("i$", "IY"),
        ("ia", "IY AH"), ("io(?=n)", "IY AH"), ("i(?=[^aeioux]e$)", "AY"), ("i(?=[aou])", "IY"),
        ("i", "IH"),
    ),
    "j": (("jj?", "JH"),),
    "k": (("^kn", "N"), ("kh?|kk", "K")),
    "l": (("le$", "AH L"), ("ll?", "L")),
    "m": (("mm?", "M"),),
    "n": (("ng$|ng(?![aeiouy])", "NG"), ("n(?=k|g[aou])", "NG"), ("nn?", "N")),
    "o": (
        ("oa|oe$", "OW"), ("oo", "UW"), ("oi|oy", "OY"), ("ough", "AO"), ("ould", "UH D"),
        ("ous$", "AH S"), ("ou", "AW"), ("ow$", "OW"), ("ow", "AW"), ("or", "AO R"), ("o$", "OW"),
        ("(?<=[aeiouy].)on$|(?<=[aeiouy]..)on$", "AH N"), ("o(?=[^aeiouxwy][eaio])", "OW"),
        ("o", "AA"),
    ),
    "p": (("ph", "F"), ("^ps", "S"), ("pp?", "P")),
    "q": (("qu?", "K W"),),
    "r": (("rrh?|rh?", "R"),),
    "s": (
        ("sch", "SH"), ("sh", "SH"), ("sion", "ZH AH N"), ("ssion", "SH AH N"), ("ss", "S"),
        ("sc(?=[eiy])", "S"), ("(?<=[aeiou])s(?=[aeiou])", "Z"), ("(?<=[bdglmnrv])s$", "Z"),
        ("s", "S"),
    ),
    "t": (
        ("th", "TH"), ("tch", "CH"), ("tion", "SH AH N"), ("tia|tie(?=n)", "SH AH"),
        ("ture$", "CH ER"), ("tt?", "T"),
    ),
    "u": (
        ("ue$", "UW"), ("ui", "UW"), ("ur", "ER"), ("^u(?=[^aeiou][aeiou])", "Y UW"), ("u$", "UW"),
        ("u(?=[^aeiou]{0,1}[aeio])", "UW"), ("u", "AH"),
    ),
    "v": (("v", "V"),),
    "w": (("^wr", "R"), ("wh", "W"), ("(?<=[aeiou])w", ""), ("w", "W")),
    "x": (("^x", "Z"), ("x", "K S")),
    "y": (
        ("^y", "Y"), ("(?<=^.)y$|(?<=^..)y$", "AY"), ("y$", "IY"), ("y(?=[^aeiou]e$)", "AY"),
        ("y(?=[aeou])", "Y"), ("y", "IH"),
    ),
    "z": (("zz", "T S"), ("z", "Z")),
}  # fmt: skip

_COMPILED = {
    letter: tuple((re.compile(pattern), phones.split()) for pattern, phones in rules)
    for letter, rules in _RULES.items()
}


def phones(word: str) -> str:
    """The phones of ``word``, apart by blanks; empty where it has no letter from a to z."""
    spelt = "".join(letter for letter in word.lower() if letter in _COMPILED)
    found: list[str] = []
    at = 0
    while at < len(spelt):
        for pattern, sounds in _COMPILED[spelt[at]]:
            if (match := pattern.match(spelt, at)) and match.end() > at:
                found += sounds
                at = match.end()
                break
        else:
            at += 1
    return " ".join(found)
