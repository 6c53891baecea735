"""Terms: what a text is found by, and which terms are close to a typed word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search.fuzzy import reach, within
from search.lexicon import lexicon_of
from search.words import spellings, terms


def test_distances_grow_with_length() -> None:
    assert within("ab", ["ab", "abc"], reach("ab")) == [("ab", 0)]
    assert [t for t, _ in within("road", ["raed", "roed", "toad"], reach("road"))] == ["roed", "toad"]
    assert ("quarrterlyy", 2) in within("quarterly", ["quarrterlyy"], reach("quarterly"))


@given(st.lists(st.text("abcdé7", max_size=6), max_size=20), st.text("abcdé7", max_size=6), st.integers(0, 3))
def test_a_lexicon_passes_over_no_close_term(terms: list[str], typed: str, most: int) -> None:
    lexicon = lexicon_of(terms)
    assert sorted(lexicon.terms()) == sorted(set(terms))
    close = {t for t, _ in within(typed, sorted(set(terms)), most)}
    assert close <= set(lexicon.candidates(typed, most))


def test_terms_are_runs_of_letters_and_digits() -> None:
    assert terms("Don't-Panic 42°") == ["don", "t", "panic", "42"]
    assert spellings("road-map") == {"road", "map", "roadmap"} and spellings("—") == set()
