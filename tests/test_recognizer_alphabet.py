"""Characters and labels."""

from __future__ import annotations

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.alphabet import BLANK, DEFAULT, Alphabet, UnknownCharacter

TEXTS = st.text(alphabet=DEFAULT.characters)
ANY_ALPHABET = st.lists(
    st.characters(exclude_categories=["M", "C"], max_codepoint=0x24F), unique=True, min_size=1
).map(lambda c: "".join(dict.fromkeys(unicodedata.normalize("NFC", "".join(c)))))


@given(TEXTS)
def test_a_text_survives_the_round_trip(text: str) -> None:
    assert DEFAULT.decode(DEFAULT.encode(text)) == text


@given(TEXTS)
def test_a_decomposed_text_comes_back_composed(text: str) -> None:
    assert DEFAULT.decode(DEFAULT.encode(unicodedata.normalize("NFD", text))) == text


@given(ANY_ALPHABET, st.data())
def test_labels_survive_the_round_trip_in_any_latin_alphabet(characters: str, data: st.DataObject) -> None:
    alphabet = Alphabet(characters)
    labels = data.draw(st.lists(st.integers(1, alphabet.size - 1)))
    assert alphabet.encode(alphabet.decode(labels)) == labels


@given(st.text())
def test_can_encode_says_what_encode_does(text: str) -> None:
    try:
        DEFAULT.encode(text)
    except UnknownCharacter:
        assert not DEFAULT.can_encode(text)
    else:
        assert DEFAULT.can_encode(text)


def test_labels_count_from_one_and_blank_is_zero() -> None:
    alphabet = Alphabet("ab c")
    assert BLANK == 0
    assert alphabet.encode("a c") == [1, 3, 4]
    assert alphabet.size == 5
    assert alphabet.space == 3
    assert Alphabet("abc").space is None


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(UnknownCharacter, match=r"'多' \(U\+591A.* '多少'") as caught:
        DEFAULT.encode("多少")
    assert caught.value.character == "多"


@pytest.mark.parametrize(
    ("characters", "why"), [("abca", "twice.*a"), ("e\u0301", "NFC"), ("a\u0301", "NFC")]
)
def test_ambiguous_alphabets_are_refused(characters: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Alphabet(characters)


@pytest.mark.parametrize("label", [0, -1, 3])
def test_labels_outside_of_the_alphabet_are_refused(label: int) -> None:
    with pytest.raises(ValueError, match="labels go from 1 to 2"):
        Alphabet("ab").decode([1, label])


def test_the_default_holds_what_the_languages_need() -> None:
    assert DEFAULT.can_encode(string.printable[:95] + "Übergröße à l’œuvre ÊTRE Ça «non» 3 € → • ✓ ×")
    assert 140 <= DEFAULT.size <= 165


def test_variants_ignore_case_and_the_shape_of_quotes() -> None:
    alphabet = Alphabet("aA'’bé")
    assert alphabet.variants("A'b") == [(1, 2), (3, 4), (5,)]
    assert alphabet.variants("B’É") == [(5,), (3, 4), (6,)]
    with pytest.raises(UnknownCharacter, match="'z'"):
        alphabet.variants("az")


def test_a_plain_letter_may_mean_its_accented_ones_but_not_back() -> None:
    alphabet = Alphabet("eEéÉ")
    assert alphabet.variants("e") == [(1, 2)]
    assert alphabet.variants("e", accents=True) == [(1, 2, 3, 4)]
    assert alphabet.variants("é", accents=True) == [(3, 4)]


def test_separators_are_all_but_letters_and_digits() -> None:
    alphabet = Alphabet("a é-7_²")
    assert [alphabet.decode([label]) for label in alphabet.separators] == [" ", "-", "_"]
