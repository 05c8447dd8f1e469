"""Text that was shown as stable stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicestand.speech.agreement import Agreement

WORDS = st.lists(st.sampled_from(["a", "b", "an", "the"]), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=12))
def test_stable_text_never_shrinks_nor_changes(hypotheses: list[str]) -> None:
    agreement = Agreement()
    before = ""
    for hypothesis in hypotheses:
        shown, stable = agreement(hypothesis)
        now = shown[:stable]
        assert now == before or now.startswith(f"{before} " if before else "")
        assert shown[stable : stable + 1] in {"", " "} or not now
        before = now


@given(st.lists(WORDS, min_size=1, max_size=12))
def test_what_two_hypotheses_agree_on_is_stable_and_the_rest_is_the_latest(
    hypotheses: list[str],
) -> None:
    agreement = Agreement()
    shown, stable = agreement(hypotheses[0])
    assert (shown, stable) == (hypotheses[0], 0)
    for hypothesis in hypotheses:
        agreement(hypothesis)
    shown, stable = agreement(hypotheses[-1])
    words, kept = hypotheses[-1].split(), shown[:stable].split()
    assert len(kept) >= len(words)
    assert shown.split()[len(kept) :] == words[len(kept) :]


def test_of_a_growing_sentence_all_but_the_last_words_is_stable() -> None:
    agreement = Agreement()
    said = ["so", "so what", "so what does", "so what does it cost"]
    assert [agreement(one)[1] for one in said] == [0, 2, 7, 12]
    assert agreement("so what dozen") == ("so what does", 12)
