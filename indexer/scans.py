"""What other engines read on whole pages: hOCR (Tesseract, OCRopus, kraken) and ALTO (libraries, kraken).

hOCR 1.2: elements of class ocr_page and ocrx_word with "bbox x0 y0 x1 y1; x_wconf PERCENT" in their title.
ALTO 2 to 4: String elements with CONTENT, HPOS, VPOS, WIDTH, HEIGHT, WC on a Page of WIDTH x HEIGHT.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from indexer.placed import ListError, PlacedText, proper_box, share_of

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
"""Elements of HTML that have no end."""


def read_page_file(path: Path) -> Iterator[PlacedText]:
    """The words of the hOCR or ALTO file `path`; a page that names no picture is that of the same name.

    Raises `ListError` for anything else.
    """
    text = _text(path)
    if "<alto" in text[:4000]:
        return _read_alto(path, text)
    if "ocr_page" in text or "ocrx_word" in text:
        return iter(_Hocr(path).read(text))
    raise ListError(f"{path} is neither hOCR nor ALTO")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ListError(f"{path} is no UTF-8 text; save it as UTF-8") from fault


def _candidates(path: Path, named: str | None) -> tuple[str, ...]:
    """Where the picture of a page may lie: as named, beside the file, or under the name of the file."""
    from indexer.photo import SUFFIXES

    stem = path.name.split(".")[0]
    found = [path.parent / (stem + suffix) for suffix in sorted(SUFFIXES)]
    if named:
        found = [Path(named), path.parent / named, path.parent / re.split(r"[/\\]", named)[-1], *found]
    return tuple(dict.fromkeys(os.path.abspath(one) for one in found))


class _Hocr(HTMLParser):
    """Collects the words; the text of one is all that stands inside its element."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._page: dict[str, Any] = {}
        self._word: dict[str, str] | None = None
        self._depth = 0
        self._said: list[str] = []
        self._found: list[PlacedText] = []

    def read(self, text: str) -> list[PlacedText]:
        """All words of the file."""
        self.feed(text)
        self.close()
        return self._found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A page, a word, or something in one."""
        if self._word is not None:
            self._depth += tag not in VOID
            return
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        facts = _facts(given.get("title") or "")
        if "ocr_page" in classes:
            self._page = self._page_of(facts)
        elif "ocrx_word" in classes and "bbox" in facts:
            self._word, self._depth, self._said = facts, 1, []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element without content holds no text."""

    def handle_data(self, data: str) -> None:
        """Text, of a word or between words."""
        self._said.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Perhaps the end of a word."""
        if self._word is None or tag in VOID:
            return
        self._depth -= 1
        if self._depth == 0:
            word, self._word = self._word, None
            text = " ".join("".join(self._said).split())
            if text:
                self._found.append(self._placed(word, text))

    def _placed(self, word: Mapping[str, str], text: str) -> PlacedText:
        where = f"{self._path}, line {self.getpos()[0]}"
        page = self._page or self._page_of({})
        try:
            box = proper_box(*map(float, word["bbox"].split()[:4]))
            confidence = share_of(float(word["x_wconf"].split()[0]) / 100) if "x_wconf" in word else None
        except (ValueError, TypeError, IndexError) as fault:
            raise ListError(f"{where}: {fault}; correct or remove it") from fault
        return PlacedText(where, box=box, text=text, confidence=confidence, **page)

    def _page_of(self, facts: Mapping[str, str]) -> dict[str, Any]:
        number, edges = facts.get("ppageno", "0"), facts.get("bbox", "").split()
        sides = tuple(map(int, edges[2:4])) if len(edges) == 4 and all(e.isdigit() for e in edges) else ()
        named = facts.get("image", "").strip("\"' ")
        return {
            "paths": _candidates(self._path, named),
            "page": int(number) + 1 if number.isdigit() else 1,
            "size": sides if sides and all(sides) else None,
        }


def _facts(title: str) -> dict[str, str]:
    """The properties in a title; a file name between quotes may hold semicolons."""
    parts = re.findall(r"""\s*(\w+)\s*((?:"[^"]*"|'[^']*'|[^;])*)""", title)
    return {name: value.strip() for name, value in parts}


def _read_alto(path: Path, text: str) -> Iterator[PlacedText]:
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as fault:
        raise ListError(f"{path} is no proper XML ({fault})") from fault
    named = next((e.text for e in tree.iter() if _name(e) == "fileName" and e.text), None)
    paths = _candidates(path, named)
    for number, page in enumerate((e for e in tree.iter() if _name(e) == "Page"), 1):
        try:
            size = round(float(page.get("WIDTH") or 0)), round(float(page.get("HEIGHT") or 0))
            for word in (e for e in page.iter() if _name(e) == "String"):
                if (word.get("CONTENT") or "").strip():
                    yield _string(path, paths, number, size if all(size) else None, word)
        except (ValueError, TypeError, OverflowError) as fault:
            raise ListError(f"{path}, page {number}: {fault}; correct or remove it") from fault


def _string(
    path: Path, paths: tuple[str, ...], page: int, size: tuple[int, int] | None, word: ElementTree.Element
) -> PlacedText:
    x, y, width, height = (
        float(word.attrib.get(name, "nan")) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT")
    )
    box = proper_box(x, y, x + width, y + height)
    confidence = word.get("WC")
    return PlacedText(
        f"{path}, page {page}, {word.get('ID') or 'a String'}",
        paths,
        box,
        word.attrib["CONTENT"],
        page,
        confidence=None if confidence is None else share_of(confidence),
        size=size,
    )


def _name(element: ElementTree.Element) -> str:
    """Without the namespace, which differs from version to version."""
    return str(element.tag).rpartition("}")[2]
