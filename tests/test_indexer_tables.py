"""The tables: what SQLite itself holds to, whatever the program does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from indexer import rows
from indexer.reading import Sighting
from indexer.schema import open_database
from indexer.tables import Logarithm, PathBytes, contents, hypotheses, labels, lattices, photos, words
from indexer.views import any_of, next_paths


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = open_database(tmp_path, create=True)
    with database.write() as connection:
        yield connection
    database.close()


@given(st.floats(0, 1))
def test_small_probabilities_come_back_nearly(value: float) -> None:
    kept, dialect = Logarithm(), sqlite.dialect()
    back = kept.process_result_value(kept.process_bind_param(value, dialect), dialect)
    assert back is not None and 0 < back < 1, "what a machine sees is never certain"
    assert back == pytest.approx(max(value, 1e-9), rel=0.033)
    assert kept.process_bind_param(None, dialect) is kept.process_result_value(None, dialect) is None


def new(connection: Connection, table: Table, **values: object) -> int:
    return int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())


def photo_with_a_word(connection: Connection) -> tuple[int, int]:
    content = rows.content_id(connection, "ab" * 32)
    facts = {"page": 1, "taken": 0, "width": 9, "height": 9, "revision": 1, "indexed": 0}
    photo = new(connection, photos, content_id=content, **facts)
    box = {"x0": 0, "y0": 0, "x1": 9, "y1": 9, "angle": 0}
    word = new(connection, words, photo_id=photo, line=0, chance=1, **box)
    connection.execute(insert(hypotheses).values(word_id=word, rank=1, text="a", probability=0.5))
    connection.execute(insert(lattices).values(word_id=word, packed=b"x"))
    connection.execute(insert(labels).values(photo_id=photo, text="a", set_by="person", set_at=0, **box))
    return photo, word


def test_readings_go_with_their_word(connection: Connection) -> None:
    _, word = photo_with_a_word(connection)
    connection.execute(delete(words).where(words.c.id == word))
    assert connection.execute(select(hypotheses)).all() == []
    assert connection.execute(select(lattices)).all() == []


def test_a_photo_with_a_label_cannot_be_deleted(connection: Connection) -> None:
    photo, _ = photo_with_a_word(connection)
    with pytest.raises(IntegrityError), connection.begin_nested():
        connection.execute(delete(photos).where(photos.c.id == photo))


def test_the_id_of_a_deleted_word_is_never_another_s(connection: Connection) -> None:
    photo, word = photo_with_a_word(connection)
    connection.execute(delete(words))
    box = {"x0": 0, "y0": 0, "x1": 9, "y1": 9, "angle": 0}
    assert new(connection, words, photo_id=photo, line=0, chance=1, **box) > word


def test_a_label_is_followed_by_one_other_at_most(connection: Connection) -> None:
    photo, _ = photo_with_a_word(connection)
    row = {
        "photo_id": photo,
        "x0": 0,
        "y0": 0,
        "x1": 9,
        "y1": 9,
        "angle": 0,
        "text": "b",
        "set_by": "x",
        "set_at": 0,
    }
    connection.execute(insert(labels).values(row | {"replaces": 1}))
    with pytest.raises(IntegrityError), connection.begin_nested():
        connection.execute(insert(labels).values(row | {"replaces": 1}))


def test_the_same_bytes_are_one_row(connection: Connection) -> None:
    assert rows.content_id(connection, "ab" * 32) == rows.content_id(connection, "ab" * 32)
    assert connection.execute(select(contents.c.sha256)).scalars().all() == ["ab" * 32]


names = st.binary(min_size=1, max_size=12).filter(lambda name: not {0, ord("/")} & set(name))


@given(parts=st.lists(names, min_size=1, max_size=3))
def test_names_in_any_encoding_come_back(parts: list[bytes]) -> None:
    path = os.fsdecode(b"/" + b"/".join(parts))
    assert PATHS.process_result_value(PATHS.process_bind_param(path, SQLITE), SQLITE) == path


PATHS, SQLITE = PathBytes(), sqlite.dialect()


def test_a_folder_holds_what_lies_in_it_and_not_its_namesakes(connection: Connection) -> None:
    inside = ["/a/b", "/a/b/c.png", "/a/b/\udcff.png", "/a/b/\U0010ffff.png"]
    outside = ["/a/b c.png", "/a/b.png", "/a/b0", "/a/c", "/a"]
    for path in inside + outside:
        rows.place_file(connection, Sighting(path))
    assert set(next_paths(connection, any_of(["/a/b"]), "")) == set(inside)
    assert set(next_paths(connection, any_of(["/"]), "")) == set(inside + outside)
    assert set(next_paths(connection, any_of(["/a/b/", "/a/c"]), "")) == {*inside, "/a/c"} - {"/a/b"}
