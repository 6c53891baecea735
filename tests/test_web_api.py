"""The REST API and the pages, as programs and browsers ask for them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from light import board
from PIL import Image
from starlette.testclient import TestClient
from visitors import BAD_NAME, filled_archive, photos, visitor

from indexer.archive import Archive
from web.pictures import KEPT_BYTES, THUMBNAIL, Pictures


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return filled_archive(tmp_path / "archive")


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with visitor(home) as client:
        yield client


def names(client: TestClient, query: str) -> list[str]:
    answer = client.get("/api/search", params={"q": query})
    assert answer.status_code == 200
    return [hit["photo"]["name"] for hit in answer.json()["hits"] if hit["score"] > 0.5]


def photo_of(client: TestClient, query: str) -> dict[str, Any]:
    """The best photo for `query`, with its words."""
    best = client.get("/api/search", params={"q": query}).json()["hits"][0]["photo"]["id"]
    shown: dict[str, Any] = client.get(f"/api/photos/{best}").json()
    return shown


def word_of(client: TestClient, text: str) -> dict[str, Any]:
    return next(w for w in photo_of(client, text)["words"] if w["readings"][0]["text"] == text)


def test_a_hit_says_which_photo_and_why(client: TestClient) -> None:
    answer = client.get("/api/search", params={"q": "roadmap", "limit": "1"}).json()
    [hit] = answer["hits"]
    assert hit["photo"]["path"] == str(photos() / "one.png")
    [why] = hit["words"]
    assert (why["term"], why["text"]) == ("roadmap", "roadmap") and why["probability"] > 0.9
    assert hit["photo"]["width"] >= why["box"][2] > why["box"][0] >= 0
    assert not answer["more"]
    either = client.get("/api/search", params={"q": "roadmap OR roadster", "limit": "1"}).json()
    assert len(either["hits"]) == 1 and either["more"], "the photo with `roadster` is meant, too"


def test_counts_follow_what_is_said(client: TestClient) -> None:
    assert client.get("/api/status").json()["labels"] == 0
    word = word_of(client, "roadmap")["id"]
    client.post("/api/labels", json={"word": word, "text": "railway"})
    assert client.get("/api/status").json()["labels"] == 1 == client.get("/api/train").json()["labels"]
    client.post("/api/labels", json={"word": word, "text": ""})
    assert client.get("/api/status").json()["labels"] == 1
    assert client.get("/api/train").json()["labels"] == 0, "nobody learns from what is no word"


def test_who_finds_nothing_is_told_what_is_close(client: TestClient) -> None:
    answer = client.get("/api/search", params={"q": "xyzzyqqqqj"}).json()
    assert list(answer["closest"]) == ["xyzzyqqqqj"]
    assert all(hit["score"] < 0.1 for hit in answer["hits"])
    assert "probably on no photo" in client.get("/?q=xyzzyqqqqj").text
    assert client.get("/api/search?q=roadmap").json()["closest"] == {}


def test_who_looks_in_the_wrong_folder_is_told(client: TestClient) -> None:
    answer = client.get("/api/search", params={"q": "roadmap in:nowhere"}).json()
    assert answer["hits"] == [] and answer["elsewhere"] > 0
    assert '<a href="/?q=roadmap">' in client.get("/?q=roadmap+in:nowhere").text
    assert "in other folders" not in client.get("/?q=roadmap").text


def test_what_is_close_is_looked_for_with_the_other_words(client: TestClient) -> None:
    assert client.get("/?q=roadmap+xyzroadmap").text.count('href="/?q=roadmap%20roadmap"') == 1
    without = '<a href="/?q=roadmap">Search without it</a>'
    assert without in client.get("/?q=roadmap+xyzzyqqqqj").text
    assert "Search without it" not in client.get("/?q=xyzzyqqqqj").text


def test_a_photo_has_all_its_words_and_says_why_it_was_found(client: TestClient) -> None:
    shown = photo_of(client, "roadmap")
    assert [word["readings"][0]["text"] for word in shown["words"]] == ["quarterly", "roadmap", "budget"]
    assert shown["hits"] == [] and shown["score"] is None
    found = client.get(f"/api/photos/{shown['photo']['id']}", params={"q": "budget"}).json()
    assert [hit["text"] for hit in found["hits"]] == ["budget"] and found["score"] > 0.8


def test_the_latest_photos_come_page_by_page(client: TestClient) -> None:
    every = client.get("/api/photos").json()["photos"]
    first = client.get("/api/photos", params={"limit": "2"}).json()["photos"]
    rest = client.get("/api/photos", params={"before": str(first[-1]["id"])}).json()["photos"]
    assert len(every) == 5 and first + rest == every


def test_a_corrected_word_is_found_at_once_and_undone_at_once(client: TestClient) -> None:
    word = word_of(client, "roadmap")
    said = client.post("/api/labels", json={"word": word["id"], "text": "railway"})
    assert said.status_code == 200
    assert said.json()["words"][0]["word"]["label"] == "railway"
    assert names(client, "railway") == ["one.png"]
    undone = client.post("/api/labels/undo", json={}).json()["undone"]
    assert [one["text"] for one in undone] == ["railway"]
    assert names(client, "railway") == []
    assert client.post("/api/labels/undo", json={}).status_code == 409


def test_words_are_added_cut_joined_and_deleted(client: TestClient) -> None:
    shown = photo_of(client, "budget")
    number = shown["photo"]["id"]
    added = client.post(f"/api/photos/{number}/words", json={"box": [0, 0, 30, 9], "text": "draft"})
    assert added.status_code == 201
    [draft] = added.json()["words"]
    assert names(client, "draft") == ["one.png"]
    assert client.delete(f"/api/words/{draft['word']['id']}").status_code == 204
    assert names(client, "draft") == []
    cut = client.post(f"/api/words/{word_of(client, 'budget')['id']}/split", json={"texts": ["bud", "get"]})
    parts = [one["word"]["id"] for one in cut.json()["words"]]
    assert len(parts) == 2
    joined = client.post("/api/words/merge", json={"words": parts, "text": "budgets"})
    assert joined.status_code == 201
    assert names(client, "budgets") == ["one.png"]


def test_what_was_said_is_listed(client: TestClient) -> None:
    word = word_of(client, "loyalty")
    for text in ("royalty", "loyal"):
        client.post("/api/labels", json={"word": word["id"], "text": text})
    last = client.get("/api/labels", params={"limit": "2"}).json()["labels"]
    assert [one["text"] for one in last] == ["loyal", "royalty"]
    history = client.get(f"/api/words/{word['id']}").json()["history"]
    assert [one["text"] for one in history] == ["royalty", "loyal"] and history[0]["by"] == "person"


def test_status_says_what_failed_and_why(client: TestClient) -> None:
    told = client.get("/api/status").json()
    assert (told["photos"], told["refused"]) == (5, 1)
    assert told["problems"] == [{"path": str(photos() / "empty.png"), "reason": "an empty file"}]


def test_a_thumbnail_is_small_and_says_nothing_of_the_camera(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    picture = Image.new("RGB", (3000, 2000), "white")
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "Secret Camera", {1: "N", 2: (48.0, 12.0, 3.0)}
    picture.save(path, exif=exif, comment=b"a secret remark")
    with visitor(_archive_of(path, tmp_path / "archive")) as client:
        [photo] = client.get("/api/photos").json()["photos"]
        for kind, longest in (("thumbnail", THUMBNAIL), ("image", 3000)):
            answer = client.get(f"/api/photos/{photo['id']}/{kind}")
            assert answer.headers["content-type"] == "image/jpeg"
            assert b"ecret" not in answer.content and b"Exif" not in answer.content
            with Image.open(io.BytesIO(answer.content)) as image:
                assert 0.8 * longest < max(image.size) <= longest and not image.getexif()


def _archive_of(path: Path, home: Path) -> Path:
    from light import empty_archive, light

    from indexer import pipeline
    from indexer.settings import Settings

    with empty_archive(home) as archive:
        pipeline.add(archive, [path], Settings(), models=light)
    return home


def test_a_picture_that_the_browser_has_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/api/photos/1/thumbnail")
    again = client.get("/api/photos/1/thumbnail", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert "no-cache" in first.headers["cache-control"]


def test_a_file_that_is_gone_or_changed_is_not_shown(tmp_path: Path) -> None:
    path = board(tmp_path / "board.png", "budget")
    home = _archive_of(path, tmp_path / "archive")
    board(path, "private")
    with visitor(home) as client:
        changed = client.get("/api/photos/1/thumbnail")
        path.unlink()
        gone = client.get("/api/photos/1/image")
    assert (changed.status_code, gone.status_code) == (410, 410)
    assert "ocr-index add" in changed.json()["error"] and "no such file" in gone.json()["error"]


def test_a_forgotten_photo_is_shown_no_more(client: TestClient, home: Path) -> None:
    shown = photo_of(client, "loyalty")["photo"]
    address = f"/api/photos/{shown['id']}"
    assert client.get(f"{address}/thumbnail").status_code == 200
    with Archive.open(home) as archive:
        archive.forget([shown["path"]])
    assert [client.get(f"{address}{end}").status_code for end in ("", "/thumbnail", "/image")] == [404] * 3
    assert names(client, "loyalty") == []


def test_an_archive_put_in_the_place_of_another_is_noticed(client: TestClient, home: Path) -> None:
    client.post("/api/labels", json={"word": word_of(client, "budget")["id"], "text": "gadget"})
    assert client.get("/api/status").json()["labels"] == 1
    for name in ("archive.sqlite", "archive.sqlite-wal", "archive.sqlite-shm"):
        (home / name).unlink(missing_ok=True)
    filled_archive(home)
    assert client.get("/api/status").json()["labels"] == 0


def test_pictures_kept_in_memory_have_a_bound(client: TestClient, home: Path) -> None:
    with Archive.open(home) as archive:
        frames = archive.gallery.latest(5)
    small = Pictures(kept_bytes=1)
    made = [small.photo(frame, 100) for frame in frames]
    assert small.photo(frames[-1], 100) is made[-1]
    assert small.photo(frames[0], 100) is not made[0]
    large = Pictures(KEPT_BYTES)
    assert large.photo(frames[0], 100) is large.photo(frames[0], 100)


@pytest.mark.parametrize(
    "address",
    ["/", "/?q=roadmap", "/?q=xyzzyqqqqj", "/photos/1", "/photos/1?q=roadmap", "/status", "/?n=2"],
)
def test_pages_are_there(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_names_and_readings_are_no_markup(client: TestClient) -> None:
    word = word_of(client, "nothing")
    text = "<script>alert('roadmap')</script>"
    assert client.post("/api/labels", json={"word": word["id"], "text": text}).status_code == 200
    number = photo_of(client, "alert")["photo"]["id"]
    for address in ("/", "/?q=alert", f"/photos/{number}?q=alert", "/?q=<script>alert(1)</script>"):
        page = client.get(address).text
        assert "<script>alert" not in page and "<img src=x" not in page
    assert BAD_NAME.replace("<", "&lt;").split(" ")[0] in client.get("/").text


def test_a_name_that_is_no_text_is_shown_and_told(tmp_path: Path) -> None:
    path = board(tmp_path / os.fsdecode(b"caf\xe9.png"), "budget")
    with visitor(_archive_of(path, tmp_path / "archive")) as client:
        [photo] = client.get("/api/photos").json()["photos"]
        assert photo["path"] == str(path)
        assert [client.get(page).status_code for page in ("/", "/photos/1", "/?q=budget")] == [200] * 3


def test_without_an_archive_the_page_says_what_to_do(tmp_path: Path) -> None:
    with visitor(tmp_path / "nowhere") as client:
        answer = client.get("/")
        told = client.get("/api/search?q=x")
    assert answer.status_code == told.status_code == 503
    assert "ocr-index add" in answer.text and "ocr-index add" in told.json()["error"]
