from __future__ import annotations

from collections.abc import Iterator

import pytest
from light import LightRecognizer, pixels

from recognizer.evaluation import Labelled, evaluate


def words(*texts: tuple[str, str]) -> Iterator[Labelled]:
    """Pictures of the second of each pair that claim to show the first."""
    for truth, drawn in texts:
        yield truth, pixels(drawn)


def test_what_is_read_right_and_wrong_is_counted() -> None:
    found = evaluate(LightRecognizer(), words(("abc", "abc"), ("xyz", "xyz"), ("cab", "cob"), ("bad", "bad")))
    assert (found.scores.count, found.scores.exact) == (4, 0.75)
    assert found.scores.cer == pytest.approx(1 / 12)
    assert found.confusions == (("a", "o", 1),)


def test_more_pictures_than_fit_into_a_batch_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recognizer.evaluation.BATCH", 2)
    reader = LightRecognizer()
    assert evaluate(reader, words(*[("abc", "abc")] * 5)).scores.exact == 1
    assert reader.seen == [2, 2, 1]


def test_without_pictures_nothing_is_claimed() -> None:
    assert evaluate(LightRecognizer(), []).scores.count == 0


def test_what_was_read_worst_can_be_looked_at() -> None:
    found = evaluate(LightRecognizer(), words(("abc", "abc"), ("cab", "cob"), ("bad", "xyz")))
    assert [(one.text, one.read) for one in found.worst] == [("bad", "xyz"), ("cab", "cob")]
    picture = found.as_picture()
    assert picture.width > picture.height and len(picture.getcolors(1 << 20) or ()) > 5
    assert "strip" not in found.as_json() and sum(b.count for b in found.reliability) == 3
    assert evaluate(LightRecognizer(), []).as_picture().height
