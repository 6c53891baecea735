from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.photo import PhotoError
from indexer.picture import Mark, PictureError, draw, draw_page, save

GREY = np.full((200, 300, 3), 128, np.uint8)


def test_a_mark_is_drawn_on_its_box_and_leaves_the_photo_alone_elsewhere() -> None:
    drawn = np.asarray(draw(GREY, [Mark((50, 80, 150, 120), "note")]))
    assert drawn.shape == GREY.shape
    assert (drawn[80, 60:140] != 128).any(axis=-1).all()
    assert (drawn[150:] == 128).all()
    assert (drawn[85:115, 55:145] == 128).all()
    assert (drawn[60:78, 50:90] != 128).any()


def test_sure_and_doubtful_words_differ_in_colour() -> None:
    sure, doubtful = (np.asarray(draw(GREY, [Mark((50, 80, 150, 120), "", p)]))[80, 60] for p in (1.0, 0.0))
    assert sure[1] > sure[0] and doubtful[0] > doubtful[1]


@pytest.mark.parametrize("box", [(0, 0, 300, 200), (290, 0, 300, 5), (-20, -20, 400, 400)])
def test_boxes_at_the_edge_are_fine(box: tuple[int, int, int, int]) -> None:
    assert draw(GREY, [Mark(box, "a long caption that does not fit at all, whatever the size")]).size == (
        300,
        200,
    )


def test_ink_is_tinted_and_nothing_else() -> None:
    ink = np.zeros(GREY.shape[:2], bool)
    ink[20:30, 40:90] = True
    drawn = np.asarray(draw(GREY, [], ink))
    assert ((drawn != 128).any(axis=-1) == ink).all()


def test_a_stroke_leads_from_word_to_word_of_a_line_but_not_on_to_the_next() -> None:
    words = [(40, 40, 80, 60), (120, 40, 160, 60), (40, 140, 80, 160)]
    drawn = draw(GREY, [Mark(box, "", line=number) for box, number in zip(words, (0, 0, 1), strict=True)])
    changed = (np.asarray(drawn) != 128).any(axis=-1)
    assert changed[50, 90:110].all() and not changed[70:130].any()
    assert changed[140:160, 20:38].any(), "the number of the second line"


def test_a_tilted_word_gets_a_tilted_box() -> None:
    mark = Mark((50, 50, 250, 150), "", angle=20.0)
    drawn = np.asarray(draw(GREY, [mark]))
    assert (drawn[48:60, 200:254] == 128).all() and (drawn[140:152, 48:100] == 128).all()
    x, y = np.array(mark.outline).T
    assert [x.min(), x.max(), y.min(), y.max()] == pytest.approx([50, 250, 50, 150])


def test_ink_is_asked_of_the_photo_that_is_drawn(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "photo.png")
    draw_page(tmp_path / "photo.png", 1, [], tmp_path / "out.png", lambda pixels: pixels[:, :, 0] == 128)
    with Image.open(tmp_path / "out.png") as picture:
        assert (np.asarray(picture) != 128).any(axis=-1).all()


def test_letters_the_font_lacks_do_no_harm() -> None:
    draw(GREY, [Mark((50, 80, 150, 120), "Größe 漢字 \udcff")])


def test_saving_follows_the_ending(tmp_path: Path) -> None:
    save(draw(GREY, []), tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.format == "PNG"


@pytest.mark.parametrize("name", ["out.nonsense", "missing/out.png"])
def test_what_cannot_be_saved_is_said_in_a_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"not a picture|cannot be written"):
        save(draw(GREY, []), tmp_path / name)


def test_a_reduced_photo_is_marked_where_the_word_is() -> None:
    assert Mark((50, 80, 150, 120), "note").shrunk(2.0).box == (25, 40, 75, 60)


def test_a_page_that_is_no_longer_there_is_said_in_a_line(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "photo.png")
    draw_page(tmp_path / "photo.png", 1, [], tmp_path / "out.png")
    with pytest.raises(PhotoError, match="no page 2"):
        draw_page(tmp_path / "photo.png", 2, [], tmp_path / "out.png")
