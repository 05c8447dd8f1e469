"""What of a partial will stay: the beginning on which two hypotheses in a row agreed."""

from __future__ import annotations


class Agreement:
    """Local agreement (Liu et al. 2020, n = 2) over the hypotheses of one utterance.

    Words on which two successive hypotheses agree from the beginning on are stable: they are shown
    to the end, whatever later hypotheses say. The final transcript is not bound by them.
    """

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._last: list[str] = []

    def __call__(self, hypothesis: str) -> tuple[str, int]:
        """The text to show, and how many of its first characters are stable: each time an extension
        of what was stable before."""
        words = hypothesis.split()
        agreed = 0
        for mine, theirs in zip(words, self._last, strict=False):
            if mine != theirs:
                break
            agreed += 1
        self._last = words
        self._stable += words[len(self._stable) : agreed]
        shown = self._stable + words[len(self._stable) :]
        return " ".join(shown), len(" ".join(self._stable))
