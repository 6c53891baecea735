import math

from hypothesis import given
from hypothesis import strategies as st

from indexer.belief import chance_of_writing

CHANCES = st.floats(0, 1)


def test_dots_and_dashes_on_a_photo_without_writing_are_not_believed() -> None:
    assert all(chance_of_writing(0.65, text, 0.9) < 0.5 for text in ("-", ".", "=", "5"))


def test_a_long_word_that_reads_well_is_believed() -> None:
    assert chance_of_writing(0.85, "roadmap", 0.8) > 0.9
    assert chance_of_writing(0.9, "7", 0.9) > chance_of_writing(0.6, "7", 0.9)


@given(CHANCES, CHANCES, st.text(max_size=20))
def test_it_is_a_chance_and_grows_with_what_the_detector_saw(low: float, high: float, text: str) -> None:
    low, high = sorted((low, high))
    small, large = (chance_of_writing(found, text, 0.5) for found in (low, high))
    assert 0 < small <= large < 1 and math.isfinite(large)
