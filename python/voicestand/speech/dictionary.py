"""A vocabulary in the dictionary and the language model of PocketSphinx."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from voicestand.speech.letter_to_sound import phones
from voicestand.speech.vocabulary import Term

WEIGHT = 100.0
"""How much likelier a term is than a word of which the language model knows nothing but that there
is one: about as likely as a common word."""

MOST_PRONUNCIATIONS = 4


class Dictionary:
    """The terms in a decoder, each under a name of its own, so that it is written as given."""

    def __init__(self, decoder: Any, search: str, terms: Iterable[Term]) -> None:
        """``search``: the decoder's name of the search over its language model."""
        self._decoder = decoder
        self._terms: dict[str, str] = {}
        model = decoder.get_lm(search)
        entries = []
        for number, term in enumerate(terms):
            name = f"term~{number}"
            spoken = [term.phones] if term.phones else self._spellings(term.text)
            if not spoken:  # not a letter in it
                continue
            self._terms[name] = term.text
            model.add_word(name, WEIGHT * term.boost)
            names = [name, *(f"{name}({place})" for place in range(2, len(spoken) + 1))]
            entries += list(zip(names, spoken, strict=True))
        for place, (name, sounds) in enumerate(entries, 1):
            # The searches are made anew with the last word only: it takes them a quarter second.
            decoder.add_word(name, sounds, place == len(entries))

    def text(self, word: str) -> str:
        """What is to be written for a word of the decoder."""
        return self._terms.get(word, word)

    def _spellings(self, text: str) -> list[str]:
        """How a term may be spoken: known words as the decoder knows them, others as spelt."""
        each = [self._known(word.lower()) or [phones(word)] for word in text.split()]
        ways = [" ".join(filter(None, way)) for way in product(*each)]
        return [way for way in ways if way][:MOST_PRONUNCIATIONS]

    def _known(self, word: str) -> list[str]:
        found = [self._decoder.lookup_word(word)]
        found += [self._decoder.lookup_word(f"{word}({place})") for place in (2, 3)]
        return [sounds for sounds in found if sounds]
