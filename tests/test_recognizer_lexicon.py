"""The trie of words, and how it leads a beam search."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.pipeline import load_models, load_recognizer
from indexer.settings import Settings, SettingsError
from recognizer import Lattice, load
from recognizer.alphabet import BLANK, Alphabet
from recognizer.decode import n_best
from recognizer.language import Language
from recognizer.lexicon import ANY, CAPITAL, LONGEST, MARK, OFF, ROOT, SYMBOLS, UNLISTED, Guide, Lexicon
from recognizer.tongues import MOST, common_words

ALPHABET = Alphabet("abcdABCD-'. ")


def walked(guide: Guide, text: str, alphabet: Alphabet = ALPHABET) -> tuple[int, float]:
    """Where `text` ends, and the sum of what was said on the way."""
    node, said = np.array([ROOT]), 0.0
    for before, label in pairwise([BLANK, *alphabet.encode(text)]):
        node, chance = guide.step(node, np.array([label]), np.array([before]))
        said += float(chance[0])
    return int(node[0]), said


def begun(words: dict[str, float], text: str) -> float:
    """The chance that a word begins with `text`, as the definition says."""
    listed = sum(times for word, times in words.items() if word.startswith(text)) / sum(words.values())
    return (1 - UNLISTED) * listed + UNLISTED * ANY ** len(text)


WORDS = st.dictionaries(st.text("abcd", min_size=1, max_size=5), st.integers(1, 9).map(float), min_size=1)


TEXTS = st.text("abcd", min_size=1, max_size=6)


@given(WORDS, TEXTS | TEXTS.map(str.upper) | TEXTS.map(str.capitalize))
def test_what_is_said_of_a_text_is_the_chance_that_a_word_begins_so(
    words: dict[str, float], text: str
) -> None:
    node, said = walked(Guide(Lexicon.of(words), ALPHABET, 1.0), text)
    assert said == pytest.approx(math.log(begun(words, text.lower())))
    assert (node == OFF) == (not any(word.startswith(text.lower()) for word in words))


@given(WORDS)
def test_every_beginning_has_one_node(words: dict[str, float]) -> None:
    lexicon = Lexicon.of(words)
    beginnings = {word[:n] for word in words for n in range(len(word) + 1)}
    guide = Guide(lexicon, ALPHABET, 1.0)
    assert len(lexicon.branches) == len(beginnings) == len({walked(guide, text)[0] for text in beginnings})


def test_marks_and_spaces_end_a_word_unless_one_goes_on_with_them() -> None:
    guide = Guide(Lexicon.of({"ab": 3.0, "a'b": 1.0}), ALPHABET, 1.0)
    assert walked(guide, "a'b")[0] != walked(guide, "ab")[0] != OFF
    node, said = walked(guide, "ab.")
    assert node == ROOT and said == pytest.approx(walked(guide, "ab")[1] - MARK)
    assert walked(guide, "dd ")[0] == ROOT
    assert walked(guide, "dd ab")[1] == pytest.approx(walked(guide, "dd")[1] + walked(guide, "ab")[1])


def test_a_capital_within_begins_a_word_unless_going_on_is_likelier() -> None:
    guide = Guide(Lexicon.of({"ab": 3.0, "cd": 1.0}), ALPHABET, 1.0)
    assert walked(guide, "abCd") == (walked(guide, "cd")[0], approx(guide, "ab", "cd", -CAPITAL))
    assert walked(guide, "ddCd") == (walked(guide, "cd")[0], approx(guide, "dd", "cd", -CAPITAL)), "after any"
    assert walked(guide, "aB") == walked(guide, "ab"), "the same word"
    assert walked(guide, "ABCD")[0] == walked(guide, "abcd")[0] == OFF, "capitals alone tell nothing"


def approx(guide: Guide, first: str, second: str, more: float) -> object:
    """About what is said of the two, and `more`."""
    return pytest.approx(walked(guide, first)[1] + walked(guide, second)[1] + more)


def test_weight_is_a_power() -> None:
    lexicon = Lexicon.of({"ab": 3.0})
    whole, half = (walked(Guide(lexicon, ALPHABET, weight), "abd")[1] for weight in (1.0, 0.5))
    assert half == pytest.approx(whole / 2)


def test_words_too_long_or_of_rare_characters_are_left_out() -> None:
    rare = [chr(0x4E00 + n) for n in range(SYMBOLS)]
    words = {"abcd": 1.0, "dcba": 1.0, "a" * (LONGEST + 1): 1.0, **dict.fromkeys(rare, 1.0)}
    lexicon = Lexicon.of(words)
    assert len(lexicon.symbols) == SYMBOLS and set("abcd") <= set(lexicon.symbols)
    assert walked(Guide(lexicon, ALPHABET, 1.0), "abcd")[0] != OFF
    assert walked(Guide(lexicon, ALPHABET, 1.0), "aa")[0] == OFF


def test_without_words_everything_is_unlisted() -> None:
    node, said = walked(Guide(Lexicon.of({}), ALPHABET, 1.0), "ab")
    assert node == OFF and said == pytest.approx(math.log(UNLISTED) + 2 * math.log(ANY))


def doubtful(text: str, others: int) -> Lattice:
    """`text` at every second frame, each letter as likely as `others` other ones and a little less so."""
    rows = np.full((2 * len(text) + 1, ALPHABET.size), 1e-9)
    rows[0::2, 0] = 1
    for place, label in enumerate(ALPHABET.encode(text)):
        rows[2 * place + 1, 1 : others + 2] = 1.1 + 0.01 * np.arange(others + 1)
        rows[2 * place + 1, label] = 1.0
    return Lattice(np.log(rows / rows.sum(axis=1, keepdims=True)).astype(np.float32))


def test_a_word_is_found_that_sight_alone_would_drop() -> None:
    """Each of eight letters is the least likely of four: no beam keeps the first half of such a word."""
    lattice = doubtful("dadacaba", 3)
    language = Language({"dadacaba": 5, "abba": 5}, weight=1.0)
    assert "dadacaba" not in [h.text for h in n_best(lattice, ALPHABET, 5, 16)]
    assert n_best(lattice, ALPHABET, 5, 16, language)[0].text == "dadacaba"
    spelling = Language({"dadacaba": 5, "abba": 5}, listed=0, weight=1.0)
    assert spelling.guide(ALPHABET) is None


def test_common_words_take_part() -> None:
    known, taught = Language({"ab": 2}), Language({"ab": 2}, common={"cad": 3.0, "ab": 1.0})
    assert taught("cad") > known("cad") and taught("bad") < taught("cad")
    assert taught.knowing({"dab": 1})("cad") > known("cad")


def test_common_words_of_several_tongues() -> None:
    english, both = common_words(("en",)), common_words(("en", "de"))
    assert sum(english.values()) == pytest.approx(1) and sum(both.values()) == pytest.approx(1)
    assert MOST <= len(english) < 1.01 * MOST < len(both)
    assert "kanban" in english and english["roadmap"] < english["people"]
    assert "und" in both and both["whiteboard"] < english["whiteboard"]
    assert common_words(()) == {}
    with pytest.raises(ValueError, match=r"no words are known of the language 'xx'; known: .*en"):
        common_words(("xx",))


def test_what_ships_is_named_after_the_tongues_whose_words_it_knows() -> None:
    """Readings with the words of other tongues are others, though the lattices are the same."""
    none, one, two = (load("default", tongues) for tongues in ((), ("en",), ("en", "de")))
    assert (one.id, two.id) == (f"{none.id}+en", f"{none.id}+en+de")
    assert none.lattices_id == one.lattices_id == two.lattices_id
    assert load("default").id == one.id
    with pytest.raises(ValueError, match="'xx'"):
        load("default", ("xx",))
    with pytest.raises(SettingsError, match="setting languages: no words are known of the language 'xx'"):
        load_models(Settings(languages=("en", "xx")))
    assert load_recognizer(Settings(languages=("de",)), "default").id == f"{none.id}+de"
