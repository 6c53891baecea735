"""Characters <-> labels of the network's output: blank is 0, character k has label k + 1, everything NFC."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

BLANK = 0
"""The label that stands for "no new character here" (Graves et al. 2006)."""

LOOKALIKES = {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-"}
"""Marks that keyboards have and hands do not tell apart."""


class UnknownCharacter(Exception):
    """A text holds a character that the alphabet lacks."""

    exit_code = 2

    def __init__(self, character: str, text: str) -> None:
        name = unicodedata.name(character, "no name")
        super().__init__(
            f"the alphabet has no {character!r} (U+{ord(character):04X}, {name}), which stands in {text!r}; "
            "leave the text out or use weights with a larger alphabet"
        )
        self.character = character


@dataclass(frozen=True)
class Alphabet:
    """The characters that a network can write, in the order of its outputs.

    ValueError for characters that occur twice or that NFC would change or join with their neighbour.
    """

    characters: str

    def __post_init__(self) -> None:
        if len(set(self.characters)) < len(self.characters):
            twice = sorted(c for c in set(self.characters) if self.characters.count(c) > 1)
            raise ValueError(f"characters stand twice in the alphabet: {' '.join(twice)}")
        loose = [c for c in self.characters if unicodedata.combining(c)]
        if loose or unicodedata.normalize("NFC", self.characters) != self.characters:
            raise ValueError("the alphabet is not in Unicode's composed form (NFC)")

    @property
    def size(self) -> int:
        """Columns of a lattice: all characters and the blank."""
        return len(self.characters) + 1

    @property
    def space(self) -> int | None:
        """Label of the space between words, None if words are read alone."""
        return self._labels.get(" ")

    @cached_property
    def separators(self) -> tuple[int, ...]:
        """Labels that end a word: all that is neither letter nor digit."""
        return tuple(label for c, label in self._labels.items() if not c.isalnum())

    def can_encode(self, text: str) -> bool:
        """Whether `encode` would succeed."""
        return all(c in self._labels for c in unicodedata.normalize("NFC", text))

    def encode(self, text: str) -> list[int]:
        """Labels of `text`, brought to NFC first. Raises UnknownCharacter."""
        composed = unicodedata.normalize("NFC", text)
        missing = next((c for c in composed if c not in self._labels), None)
        if missing is not None:
            raise UnknownCharacter(missing, text)
        return [self._labels[c] for c in composed]

    def decode(self, labels: Iterable[int]) -> str:
        """The text that `labels` spell; ValueError for blanks and labels outside of the alphabet."""
        numbers = list(labels)
        if numbers and not 1 <= min(numbers) <= max(numbers) < self.size:
            raise ValueError(f"labels go from 1 to {self.size - 1}, not {min(numbers)} to {max(numbers)}")
        return "".join(self.characters[n - 1] for n in numbers)

    def variants(self, text: str, accents: bool = False) -> list[tuple[int, ...]]:
        """For each character of `text` the labels that a person who types it may mean.

        Case is ignored, and so is the shape of quotes and dashes; with `accents` a plain letter also means
        its accented ones (`e` finds `é`, `é` finds no `e`). Raises UnknownCharacter.
        """
        composed = unicodedata.normalize("NFC", text)
        found = [self._meant(c, accents) for c in composed]
        if not all(found):
            raise UnknownCharacter(composed[found.index(())], text)
        return found

    def _meant(self, character: str, accents: bool) -> tuple[int, ...]:
        plain = self._plain_labels.get(_fold(character), ()) if accents else ()
        return tuple(sorted({*self._folded_labels.get(_fold(character), ()), *plain}))

    @cached_property
    def _labels(self) -> dict[str, int]:
        return {character: k + 1 for k, character in enumerate(self.characters)}

    @cached_property
    def _folded_labels(self) -> dict[str, list[int]]:
        return _grouped((_fold(c), label) for c, label in self._labels.items())

    @cached_property
    def _plain_labels(self) -> dict[str, list[int]]:
        return _grouped((_fold(_bare(c)), label) for c, label in self._labels.items())


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for key, label in pairs:
        groups.setdefault(key, []).append(label)
    return groups


def _fold(character: str) -> str:
    return LOOKALIKES.get(character, character).casefold()


def _bare(character: str) -> str:
    """A letter without its accents."""
    return unicodedata.normalize("NFD", character)[0]


DEFAULT = Alphabet(
    " " + string.digits + string.ascii_letters + string.punctuation
    + "éèêëàâäáçùûüúôöóîïíñßœæ" + "ÉÈÊÀÂÇÖÄÜÔÎÓÑ"
    + "«»“”„’–—…·•→←↳✓×±≈≠≤≥°²³µ§€£¡¿"
)  # fmt: skip
"""Printable ASCII, letters of English, French, German and some Spanish, and marks that boards are full of."""
