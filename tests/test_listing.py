from __future__ import annotations

import csv
import io
import json
import os

from hypothesis import given
from hypothesis import strategies as st

from search import Hit, HitWord
from search.listing import COLUMNS, as_csv, as_json, as_list, as_paths0, hint, json_line, place

BOARD = Hit(
    query="road map",
    rank=1,
    path="/photos/board.jpg",
    score=0.912,
    words=(HitWord("road", "Road", 0.75, (1, 2, 3, 4)), HitWord("map", "nap", 0.5, (5, 6, 7, 8))),
    page=1,
)
SCAN = Hit(query="road map", rank=2, path="/photos/scan,old.pdf", score=0.25, words=(), page=3)


def test_people_get_path_chance_and_what_was_read() -> None:
    assert as_list([BOARD, SCAN], bold=str.upper).splitlines() == [
        "  1. /photos/board.jpg  91%",
        "     ROAD 75%, map as NAP 50%",
        "  2. /photos/scan,old.pdf (page 3)  25%",
    ]


def test_each_of_many_queries_has_a_heading() -> None:
    assert as_list([BOARD, SCAN], str.upper, headed=True).splitlines()[0] == "ROAD MAP"
    assert as_list([BOARD, SCAN], headed=True).count("road map") == 1


def test_scripts_get_the_agreed_object() -> None:
    board, scan = map(json.loads, as_json([BOARD, SCAN]).splitlines())
    assert board == {
        "query": "road map",
        "rank": 1,
        "path": "/photos/board.jpg",
        "score": 0.912,
        "words": [
            {"term": "road", "text": "Road", "probability": 0.75, "box": [1, 2, 3, 4]},
            {"term": "map", "text": "nap", "probability": 0.5, "box": [5, 6, 7, 8]},
        ],
    }
    assert scan["page"] == 3


def test_spreadsheets_get_one_line_a_matched_word() -> None:
    first, second, third = csv.DictReader(io.StringIO(as_csv([BOARD, SCAN])), COLUMNS)
    assert (first["text"], first["x0"], second["text"], second["y1"]) == ("Road", "1", "nap", "8")
    assert (third["path"], third["page"], third["term"], third["y1"]) == ("/photos/scan,old.pdf", "3", "", "")


def test_xargs_gets_each_path_once() -> None:
    assert as_paths0([BOARD, SCAN, SCAN]) == "/photos/board.jpg\0/photos/scan,old.pdf\0"


def test_a_terminal_is_told_nothing_by_a_file_name() -> None:
    assert place("/photos/\x1b[31mred\n.jpg", 1) == "/photos/?[31mred?.jpg"
    assert place("/photos/na\udcefve.jpg", 1) == "/photos/na\udcefve.jpg"


def test_words_that_are_nowhere_come_with_the_closest_ones() -> None:
    assert hint({}) == ""
    assert hint({"rodmap": ["roadmap", "nodmap"], "zzz": []}) == (
        "; 'rodmap' is probably on no photo, the closest words are roadmap, nodmap"
        "; 'zzz' is probably on no photo"
    )
    assert hint({}, 1) == "; 1 photo is in other folders or of other days"
    assert hint({}, 12) == "; 12 photos are in other folders or of other days"


@given(st.binary())
def test_any_file_name_comes_back_from_json(name: bytes) -> None:
    line = json_line({"path": os.fsdecode(name)})
    assert os.fsencode(json.loads(line.encode().decode())["path"]) == name
    assert line.count("\n") == 1
