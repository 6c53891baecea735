"""Learning from labelled crops: lists of any length, some kept apart, what does not fit named."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from itertools import count, islice, pairwise
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest
from drawn import training_data
from hypothesis import given
from hypothesis import strategies as st

from recognizer import datasets
from recognizer.alphabet import DEFAULT, Alphabet
from recognizer.datasets import Dataset, DatasetError, open_dataset
from recognizer.frames import fits, misfit
from recognizer.lessons import NAMED, Crops, Drawn, Mixed, Stream, is_held_out
from recognizer.plan import Plan
from recognizer.synthesis import Sample
from recognizer.train import learn

SMALL = {"height": 32, "hidden": 8}


def picture(path: Path, text: str) -> None:
    page = np.full((40, 30 + 20 * len(text)), 230, np.uint8)
    cv2.putText(page, text, (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 1, 40, 2)
    path.write_bytes(cv2.imencode(".png", page)[1].tobytes())


def listed(folder: Path, texts: list[str], name: str = "words.csv") -> Path:
    """A list with a picture for each text."""
    folder.mkdir(exist_ok=True)
    for number, text in enumerate(texts):
        picture(folder / f"{number}.png", text)
    rows = "".join(f'{number}.png,"{text}"\n' for number, text in enumerate(texts))
    (folder / name).write_text("image,text\n" + rows, "utf-8")
    return folder / name


def lesson(path: Path, said: list[str], proof: Dataset | None = None, drawn: Drawn | None = None) -> Crops:
    return Crops([open_dataset(path)], said.append, proof, drawn)


def test_crops_to_learn_and_to_measure_on_are_never_the_same(tmp_path: Path) -> None:
    texts = [f"w{n}" for n in range(40)]
    crops = lesson(listed(tmp_path, texts), [])
    proof = {sample.text for sample in crops.held_out(DEFAULT)}
    rng, source = np.random.default_rng(1), crops.source(DEFAULT, 0)
    learned = {source.draw(rng).text for _ in range(400)}
    assert proof and not proof & learned and proof | learned == set(texts)


def test_a_list_to_measure_on_leaves_the_other_whole(tmp_path: Path) -> None:
    other = open_dataset(listed(tmp_path / "other", ["x1", "x2"]))
    crops = lesson(listed(tmp_path / "own", [f"w{n}" for n in range(20)]), [], proof=other)
    assert [sample.text for sample in crops.held_out(DEFAULT)] == ["x1", "x2"]
    rng, source = np.random.default_rng(1), crops.source(DEFAULT, 0)
    assert len({source.draw(rng).text for _ in range(300)}) == 20


def test_what_cannot_be_learned_is_named_once(tmp_path: Path) -> None:
    path = listed(tmp_path, ["good", "été → ж", "fine"])
    (tmp_path / "2.png").write_bytes(b"no picture")
    with path.open("a") as out:
        out.write("0.png," + "m" * 60 + "\n")
    said: list[str] = []
    crops = lesson(path, said, proof=open_dataset(path))
    rng, source = np.random.default_rng(1), crops.source(DEFAULT, 0)
    assert {source.draw(rng).text for _ in range(50)} == {"good"}
    assert len(said) == 3
    assert any("'été → ж', but the alphabet has no 'ж'; left out" in line for line in said)
    assert any("2.png is no image" in line for line in said)
    assert any("it needs 119 frames, and there are" in line for line in said)


def test_only_so_many_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.lessons.HOPELESS", 3 * NAMED)
    said: list[str] = []
    missing = (datasets.Sample(Path(f"never-{n}.png"), "x", str(n)) for n in count())
    with pytest.raises(DatasetError, match="nothing to learn from: never-"):
        Stream(missing, DEFAULT, 32, said.append).draw(np.random.default_rng(0))
    assert len(said) == NAMED


def test_lists_without_crops_are_refused(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("image,text\n")
    crops = lesson(tmp_path / "words.csv", [])
    with pytest.raises(DatasetError, match="too few crops to measure on"):
        crops.held_out(DEFAULT)
    with pytest.raises(DatasetError, match="the lists name no image"):
        crops.source(DEFAULT, 0).draw(np.random.default_rng(0))


def test_a_run_goes_on_in_the_list_where_it_stopped(tmp_path: Path) -> None:
    texts = [f"w{n}" for n in range(30)]
    crops = lesson(listed(tmp_path, texts), [])
    names = [one.text for one in islice(crops._endless(), 100)]
    assert [one.text for one in islice(crops._endless(), 40, 60)] == names[40:60]
    assert names[: len(set(names))] == names[len(set(names)) : 2 * len(set(names))], "round again"


def test_drawn_words_come_in_turn(tmp_path: Path) -> None:
    class One:
        words: ClassVar[Mapping[str, int]] = {}

        def __init__(self, text: str) -> None:
            self.text = text

        def draw(self, rng: np.random.Generator) -> Sample:
            return Sample(np.zeros((32, 32), np.float32), self.text)

    mixed, rng = Mixed(One("a"), One("b"), 0.25), np.random.default_rng(3)
    assert 60 < [mixed.draw(rng).text for _ in range(400)].count("a") < 140
    drawn = Drawn(training_data(tmp_path / "data"))
    crops = lesson(listed(tmp_path / "crops", ["word"] * 20), [], drawn=drawn)
    assert isinstance(crops.source(DEFAULT, 10), Mixed)


def test_memory_does_not_grow_with_the_list() -> None:
    def images(length: int) -> int:
        names = (datasets.Sample(Path("x.png"), "x", str(n)) for n in range(length))
        tracemalloc.start()
        for _ in datasets.shuffled(names, np.random.default_rng(0), 64):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert images(20_000) < images(2_000) + 100_000


def test_fine_tuning_on_crops_from_given_weights(tmp_path: Path) -> None:
    path = listed(tmp_path / "crops", ["ab", "ba", "aab"] * 12)
    plan = Plan("crnn", SMALL, words=16, batch=8, warm=8, workers=0, every=16, data=[])
    first = learn(tmp_path / "first", lesson(path, []), plan)
    second = learn(tmp_path / "second", lesson(path, []), plan, start=first)
    assert second.exists() and (tmp_path / "second" / "metrics.svg").read_text().startswith("<svg")


def test_a_list_that_breaks_off_stops_the_run_in_one_line(tmp_path: Path) -> None:
    """Also where it is read in a process of its own."""
    path = listed(tmp_path / "crops", ["ab"] * 20)
    crops = lesson(path, [], proof=open_dataset(listed(tmp_path / "proof", ["ab"])))
    with path.open("a") as out:
        out.write("one,too,many\n")
    plan = Plan("crnn", SMALL, words=16, batch=8, warm=8, workers=1, every=16, data=[])
    with pytest.raises(DatasetError, match=r"line 22: the line does not have 2 fields") as caught:
        learn(tmp_path / "run", crops, plan)
    assert "\n" not in str(caught.value)


@given(st.text("ab", max_size=8), st.integers(4, 60))
def test_a_text_fits_when_a_path_spells_it(text: str, width: int) -> None:
    sample, letters = Sample(np.zeros((32, width), np.float32), text), Alphabet("ab")
    needed = len(text) + sum(a == b for a, b in pairwise(text))
    assert fits(sample, letters) == (needed <= max(1, width // 4)) == (misfit(sample, letters) is None)


def test_a_tenth_is_held_out_whatever_the_order() -> None:
    names = [datasets.Sample(Path("x"), "", f"a01-{n:03d}") for n in range(2000)]
    assert 120 < sum(is_held_out(one) for one in names) < 280
