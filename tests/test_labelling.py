"""What people say about words: labels, cuts and joins, undo and history; whatever happens to the photo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from light import empty_archive
from readings import B, found, page, reading, seen, texts, word_id

from detector import Box
from indexer.archive import Archive
from indexer.labelling import BadLabel, NoSuchWord, NothingToUndo


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with empty_archive(tmp_path) as archive:
        archive.add(seen("/a"), page(), reading("rood map one"), pages=1)
        yield archive


def boxes(archive: Archive) -> list[tuple[int, int]]:
    """From where to where each word reaches."""
    return [(word.box.x0, word.box.x1) for photo in archive.words() for word in photo.words]


def again(archive: Archive, text: str = "rood map one") -> None:
    """Another model reads the photo."""
    archive.add(seen("/a"), page(), reading(text, "reader 2"), pages=1)


def test_several_words_get_the_same_label_in_one_change(archive: Archive) -> None:
    archive.labels.set([word_id(archive, "rood"), word_id(archive, "one")], "same")
    assert texts(archive) == ["same map same"]
    archive.labels.undo()
    assert texts(archive) == ["rood map one"]


def test_nothing_is_changed_when_one_of_the_words_is_not_there(archive: Archive) -> None:
    with pytest.raises(NoSuchWord):
        archive.labels.set([word_id(archive, "rood"), 999], "same")
    assert texts(archive) == ["rood map one"]


def test_labels_are_one_line_in_one_spelling(archive: Archive) -> None:
    archive.labels.set(word_id(archive, "rood"), " Cafe\u0301 \n au\tlait ")
    assert texts(archive) == ["Café au lait map one"]


def test_a_missing_word_is_added_found_and_kept(archive: Archive) -> None:
    word = archive.labels.add("/a", Box(0, 100, 80, 120), "missing", by="Ann")
    assert archive.labels.word(word).word.label == "missing"
    assert found(archive, "missing") == ["/a"]
    again(archive)
    assert sorted(texts(archive)[0].split()) == ["map", "missing", "one", "rood"]


def test_a_word_added_where_one_was_found_is_its_label(archive: Archive) -> None:
    word = archive.labels.add("/a", Box(2, 0, 88, 20), "road")
    assert word == word_id(archive, "road")
    assert texts(archive) == ["road map one"]
    archive.labels.add("/a", Box(2, 0, 88, 19), "rod")
    assert texts(archive) == ["rod map one"]
    assert [said.text for said in archive.labels.history(word)] == ["road", "rod"]


@pytest.mark.parametrize(
    ("box", "text"), [(Box(700, 0, 800, 20), "x"), (Box(9, 9, 9, 30), "x"), (Box(0, 60, 9, 90), "  ")]
)
def test_a_word_outside_of_the_photo_or_without_text_is_refused(
    archive: Archive, box: Box, text: str
) -> None:
    with pytest.raises(BadLabel):
        archive.labels.add("/a", box, text)
    with pytest.raises(NoSuchWord, match="page 2"):
        archive.labels.add("/a", Box(0, 60, 9, 90), "x", page=2)


def test_a_box_is_cut_and_stays_cut(archive: Archive) -> None:
    parts = archive.labels.split(word_id(archive, "rood"), ["r", "oad"])
    assert [archive.labels.word(part).word.label for part in parts] == ["r", "oad"]
    assert texts(archive) == ["r oad map one"]
    assert boxes(archive)[:3] == [(0, 27), (27, 90), (100, 190)]
    again(archive)
    assert texts(archive) == ["r oad map one"]
    assert found(archive, "rood") == []


def test_a_box_is_cut_where_it_is_said(archive: Archive) -> None:
    archive.labels.split(word_id(archive, "rood"), ["r", "oad"], cuts=[0.7])
    assert boxes(archive)[:2] == [(0, 63), (63, 90)]
    for wrong in ([0.0], [1.0], [0.3, 0.5], []):
        with pytest.raises(BadLabel):
            archive.labels.split(word_id(archive, "map"), ["m", "ap"], cuts=wrong)
    with pytest.raises(BadLabel):
        archive.labels.split(word_id(archive, "map"), ["map"])


def test_boxes_are_joined_and_stay_joined(archive: Archive) -> None:
    whole = archive.labels.merge([word_id(archive, "map"), word_id(archive, "rood")], "roadmap")
    assert archive.labels.word(whole).word.label == "roadmap"
    assert texts(archive) == ["roadmap one"]
    assert boxes(archive) == [(0, 190), (200, 290)]
    again(archive)
    assert texts(archive) == ["roadmap one"]
    archive.labels.undo()
    assert texts(archive) == ["rood map one"]


def test_words_of_two_photos_are_not_joined(archive: Archive) -> None:
    archive.add(seen("/b"), page(B), reading("two"), pages=1)
    with pytest.raises(BadLabel):
        archive.labels.merge([word_id(archive, "two"), word_id(archive, "rood")], "x")


def test_a_cut_is_taken_back_with_the_label_that_was_there(archive: Archive) -> None:
    word = word_id(archive, "rood")
    archive.labels.set(word, "road")
    archive.labels.split(word, ["ro", "ad"])
    archive.labels.undo()
    assert texts(archive) == ["road map one"]
    assert archive.labels.word(word).word.label == "road"
    archive.labels.undo()
    assert texts(archive) == ["rood map one"]
    with pytest.raises(NothingToUndo):
        archive.labels.undo()


def test_a_word_that_is_none_goes_and_others_beside_it_stay(archive: Archive) -> None:
    archive.labels.delete(word_id(archive, "map"))
    added = archive.labels.add("/a", Box(0, 100, 80, 120), "added")
    archive.labels.delete(added)
    assert texts(archive) == ["rood one"]
    again(archive)
    assert texts(archive) == ["rood one"]
    archive.labels.undo()
    archive.labels.undo()
    archive.labels.undo()
    assert texts(archive) == ["rood map one"]


def test_nothing_is_written_in_a_large_box_says_nothing_about_the_words_in_it(archive: Archive) -> None:
    large = archive.labels.add("/a", Box(0, 0, 640, 480), "frame")
    assert texts(archive) == ["frame"]
    archive.labels.set(large, "")
    assert texts(archive) == ["rood map one"]


def test_only_the_own_changes_are_taken_back(archive: Archive) -> None:
    word, other = word_id(archive, "rood"), word_id(archive, "map")
    archive.labels.set(word, "road", "Ann")
    archive.labels.set(other, "nap", "Bob")
    assert [said.text for said in archive.labels.undo("Ann")] == ["road"]
    assert texts(archive) == ["rood nap one"]
    archive.labels.set(word, "rude", "Ann")
    archive.labels.set(word, "rood", "Bob")
    with pytest.raises(NothingToUndo, match="Bob"):
        archive.labels.undo("Ann")
    assert texts(archive) == ["rood nap one"]


def test_history_says_who_and_when_and_why(archive: Archive) -> None:
    word = word_id(archive, "rood")
    archive.labels.set(word, "road", "Ann")
    archive.labels.split(word, ["ro", "ad"], by="Bob")
    archive.labels.undo()
    said = archive.labels.history(word)
    assert [(s.text, s.by, s.why) for s in said] == [
        ("road", "Ann", "said"),
        (None, "Bob", "said"),
        ("ro", "Bob", "said"),
        ("ad", "Bob", "said"),
        ("road", "Bob", "undo"),
        (None, "Bob", "undo"),
        (None, "Bob", "undo"),
    ]
    assert [s.id for s in archive.labels.changes(2)] == [7, 6]
    assert sorted(s.at for s in said) == [s.at for s in said]
    assert archive.labels.history(word_id(archive, "one")) == []


def test_a_label_is_followed_when_the_word_has_got_a_new_id(archive: Archive) -> None:
    archive.labels.set(word_id(archive, "rood"), "road")
    again(archive, "rude map one")
    archive.labels.set(word_id(archive, "road"), "rod")
    assert [s.replaces for s in archive.labels.history(word_id(archive, "rod"))] == [None, 1]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["set", "none", "split", "merge", "add", "delete", "undo", "read"]), st.integers(0, 9)
    ),
    max_size=8,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES)
def test_whatever_is_changed_undo_leads_back_and_reading_again_changes_nothing(
    tmp_path: Path, changes: list[tuple[str, int]]
) -> None:
    with empty_archive(tmp_path / "home") as archive:
        archive.labels._tell_search = lambda: None
        archive.add(seen("/a"), page(), reading("rood map one"), pages=1)
        states = [state(archive)]
        for kind, number in changes:
            if kind == "undo" and len(states) > 1:
                archive.labels.undo()
                states.pop()
            elif change(archive, kind, number):
                states.append(state(archive))
            assert state(archive) == states[-1]
            again(archive)
            assert state(archive) == states[-1]
        while len(states) > 1:
            archive.labels.undo()
            states.pop()
            assert state(archive) == states[-1]


def state(archive: Archive) -> list[tuple[tuple[int, int], str | None, str]]:
    return sorted(
        ((word.box.x0, word.box.x1), word.label, word.readings[0].text)
        for photo in archive.words()
        for word in photo.words
    )


def change(archive: Archive, kind: str, number: int) -> bool:
    """Change something of that kind, if there is anything to change; whether there was."""
    ids = [word.id for photo in archive.words() for word in photo.words]
    if kind == "add":
        archive.labels.add("/a", Box(40 * number, 100, 40 * number + 30, 120), f"added{number}")
    elif not ids or kind in ("undo", "read") or (kind == "merge" and len(ids) < 2):
        return False
    elif kind == "merge":
        place = number % (len(ids) - 1)
        archive.labels.merge(ids[place : place + 2], "joined")
    elif kind == "split":
        archive.labels.split(ids[number % len(ids)], ["left", "right"], [0.5])
    elif kind == "delete":
        archive.labels.delete(ids[number % len(ids)])
    elif kind == "none":
        return False
    else:
        archive.labels.set(ids[number % len(ids)], f"said{number}")
    return True


def test_the_same_place_on_another_photo_is_another_word(archive: Archive) -> None:
    archive.add(seen("/b"), page(B), reading("rood map one"), pages=1)
    archive.labels.set(word_id(archive, "rood"), "road")
    assert texts(archive) == ["road map one", "rood map one"]


def test_of_many_photos_some_are_asked_about_and_others_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.asking.WORDS", 6)
    monkeypatch.setattr("indexer.asking.ROUND", 2)
    with empty_archive(tmp_path) as archive:
        for n in range(12):
            archive.add(seen(f"/{n}"), page(f"{n:064x}"), reading("rood map one"), pages=1)
        asked = [archive.labels.candidates()]
        for place in range(2):
            archive.labels.set(asked[0][place].id, "road")
            asked.append(archive.labels.candidates())
        first, same, later = ({one.photo for one in some} for some in asked)
    assert len(first) == 2 and len(asked[0]) == 6
    assert first == same and first.isdisjoint(later) and len(later) == 2
