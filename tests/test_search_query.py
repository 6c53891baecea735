"""What people type, as a tree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search.query import All, Not, Phrase, Term, every, parse


def test_the_language_of_queries() -> None:
    assert parse("a -b") == All((Term("a"), Not(Term("b"))))
    assert parse('"a b"') == All((Phrase((Term("a"), Term("b"))),))
    assert Term("pre", prefix=True) in every(parse("pre*")) and Term("x", exact=True) in every(parse("=x"))


@given(st.text(max_size=40) | st.text(alphabet='ab "()-*=~|OR', max_size=30))
def test_the_parser_takes_anything(text: str) -> None:
    every(parse(text))
