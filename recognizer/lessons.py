"""What a recognizer learns from, and the words kept apart that tell how well that goes."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.random import Generator

from recognizer import datasets
from recognizer.alphabet import Alphabet
from recognizer.crop import contrast, resize
from recognizer.datasets import Dataset, DatasetError, ImageError
from recognizer.frames import fits, misfit
from recognizer.practice import Source, worn
from recognizer.synthesis import Sample, Synthesis

HELD_OUT = 10
"""One crop of a list in so many is not learned from but measured on."""

PROOF = 600
"""Words measured on, at most."""

NAMED = 100
"""Crops that cannot be learned from are named, up to so many."""

HOPELESS = 5000
"""So many crops in turn that cannot be learned from end the training."""


class Lesson(Protocol):
    """Gives samples to learn from, and others to measure on."""

    def source(self, alphabet: Alphabet, seen: int) -> Source:
        """Where samples come from when training begins, or goes on after `seen` of them."""

    def held_out(self, alphabet: Alphabet) -> list[Sample]:
        """Samples that are never learned from, all of which `alphabet` can spell."""


@dataclass(frozen=True)
class Drawn:
    """Words drawn from what lies in the folder `data`; raises NoData."""

    data: Path
    height: int = 32

    def source(self, _alphabet: Alphabet, _seen: int) -> Source:
        """Those of the writers to be learned from."""
        return Synthesis(self.data, "train", self.height)

    def held_out(self, alphabet: Alphabet) -> list[Sample]:
        """Those of other writers."""
        return validation_set(self.data, alphabet, PROOF)


@dataclass(frozen=True)
class Crops:
    """Labelled crops of `lists`, however long, in turn with what `drawn` gives. Both may raise DatasetError.

    Measured are the crops of `proof`; without it one in ten of the lists, which are then not learned.
    """

    lists: Sequence[Dataset]
    say: Callable[[str], None]
    """Is told of crops that cannot be learned from, and why."""
    proof: Dataset | None = None
    drawn: Drawn | None = None
    share: float = 0.5
    """Share of the crops, where words are drawn too."""
    height: int = 32

    def source(self, alphabet: Alphabet, seen: int) -> Source:
        """The crops, going on in the lists where `seen` samples ended."""
        if self.drawn is None:
            return self._stream(alphabet, seen)
        crops = self._stream(alphabet, round(seen * self.share))
        return Mixed(crops, self.drawn.source(alphabet, seen), self.share)

    def held_out(self, alphabet: Alphabet) -> list[Sample]:
        """Crops as they are."""
        listed = [self.proof] if self.proof else self.lists
        kept = (one for one in chain.from_iterable(listed) if self.proof or is_held_out(one))
        read = datasets.loaded(islice(kept, 2 * PROOF), self.say)
        samples = (Sample(contrast(resize(pixels, self.height)), one.text) for one, pixels in read)
        found = [*islice((sample for sample in samples if fits(sample, alphabet)), PROOF)]
        if not found:
            names = ", ".join(str(one.path) for one in listed)
            raise DatasetError(f"{names}: too few crops to measure on; name a list of others to measure on")
        return found

    def _stream(self, alphabet: Alphabet, skip: int) -> Stream:
        return Stream(islice(self._endless(), skip, None), alphabet, self.height, self.say)

    def _endless(self) -> Iterator[datasets.Sample]:
        some = True
        while some:
            some = False
            for one in chain.from_iterable(self.lists):
                if self.proof or not is_held_out(one):
                    some = True
                    yield one


class Stream:
    """Draws labelled images in nearly random order, each worn a little.

    Some thousand names are in memory, however many come. Unlike other sources, it goes on among them whatever
    the state of the `rng`.
    """

    def __init__(
        self, images: Iterator[datasets.Sample], alphabet: Alphabet, height: int, say: Callable[[str], None]
    ) -> None:
        self._images, self._alphabet, self._height, self._say = images, alphabet, height, say
        self._shuffled: Iterator[datasets.Sample] | None = None
        self._named: set[str] = set()

    @property
    def words(self) -> Mapping[str, int]:
        """None: the lists may be longer than anybody wants to read beforehand."""
        return {}

    def draw(self, rng: Generator) -> Sample:
        """The next one that can be learned from. Raises DatasetError when there seems to be none."""
        self._shuffled = self._shuffled or datasets.shuffled(self._images, rng)
        why = "the lists name no image that is not measured on"
        for one in islice(self._shuffled, HOPELESS):
            try:
                pixels = datasets.load(one.image)
            except ImageError as fault:
                why = self._left_out(one, str(fault))
                continue
            sample = Sample(contrast(resize(worn(pixels, rng), self._height)), one.text)
            misfitting = misfit(sample, self._alphabet)
            if misfitting is None:
                return sample
            why = self._left_out(one, f"{one.image} shows {one.text!r}, but {misfitting}")
        raise DatasetError(f"there is nothing to learn from: {why}")

    def _left_out(self, one: datasets.Sample, why: str) -> str:
        if one.id not in self._named and len(self._named) < NAMED:
            self._named.add(one.id)
            self._say(f"{why}; left out")
        return why


@dataclass(frozen=True)
class Mixed:
    """Samples of two sources, the share `share` of them of the first."""

    first: Source
    second: Source
    share: float

    @property
    def words(self) -> Mapping[str, int]:
        """Those of both."""
        return Counter(self.first.words) | Counter(self.second.words)

    def draw(self, rng: Generator) -> Sample:
        """One sample of either."""
        return (self.first if rng.random() < self.share else self.second).draw(rng)


def is_held_out(crop: datasets.Sample) -> bool:
    """Whether it is measured on: told from its name, so that it is the same in every run."""
    return zlib.crc32(crop.id.encode()) % HELD_OUT == 0


def validation_set(
    data: Path, alphabet: Alphabet, count: int = PROOF, split: str = "validation", plain: bool = False
) -> list[Sample]:
    """Words of writers not trained on, drawn as photos by a fixed seed; or in `plain` ink on paper."""
    source = Synthesis(data, split)
    rng = np.random.default_rng(20)
    drawn: list[Sample] = []
    while len(drawn) < count:
        sample = source.draw_word(int(rng.integers(len(source))), rng, plain)
        if sample and fits(sample, alphabet):
            drawn.append(sample)
    return drawn
