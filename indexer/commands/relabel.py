"""The commands about labels: correct words, ask for them, take them in and out of lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands import Programs, archive_option, json_option, paths_argument, print_text

if TYPE_CHECKING:
    from indexer.archive import Archive
    from indexer.importing import Brought
    from indexer.labelling import Said

SOME_LEFT_OUT = 3
FORMS = ("csv", "jsonl", "iam", "paddleocr", "kraken")

photo_argument = partial(
    click.argument, "photo", type=click.Path(path_type=Path), callback=lambda _, __, path: path.absolute()
)
by_option = click.option("--by", default="person", show_default=True, metavar="NAME", help="Who says so.")
page_option = click.option("--page", default=1, type=click.IntRange(1), help="Page of a PDF or TIFF; 1.")


@click.group(cls=Programs, epilog="Example: ocr-index relabel next")
def relabel() -> None:
    """Correct words.

    A label counts at once, whatever any model reads there later, and none is ever lost.
    """


@relabel.command("set", epilog="Example: ocr-index relabel set board.jpg rodmap roadmap")
@photo_argument()
@click.argument("word")
@click.argument("text")
@by_option
@archive_option
@click.pass_obj
def set_label(home: Path, photo: Path, word: str, text: str, by: str) -> None:
    """Say what a word on PHOTO is.

    WORD is its id (`ocr-index words PHOTO` shows them) or what is read there now. The empty TEXT, "", says
    that it is no word.
    """
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        archive.labels.set(_chosen(archive, photo, word), text, by)


@relabel.command("add", epilog='Example: ocr-index relabel add board.jpg 40 60 220 110 "road map"')
@photo_argument()
@click.argument("box", type=int, nargs=4, metavar="X0 Y0 X1 Y1")
@click.argument("text")
@page_option
@by_option
@archive_option
@click.pass_obj
def add_word(home: Path, photo: Path, box: tuple[int, int, int, int], text: str, page: int, by: str) -> None:
    """Add a word that was not found.

    Its box counts in pixels of the upright photo, from the top-left corner.
    """
    from detector import Box
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        click.echo(archive.labels.add(str(photo), Box(*box), text, by, page))


@relabel.command("split", epilog="Example: ocr-index relabel split board.jpg roadmap road map")
@photo_argument()
@click.argument("word")
@click.argument("texts", nargs=-1, required=True)
@by_option
@archive_option
@click.pass_obj
def split_word(home: Path, photo: Path, word: str, texts: tuple[str, ...], by: str) -> None:
    """Cut a box that holds several words.

    TEXTS are the words in it, from left to right; it is cut by their numbers of letters.
    """
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        for part in archive.labels.split(_chosen(archive, photo, word), texts, by=by):
            click.echo(part)


@relabel.command("merge", epilog="Example: ocr-index relabel merge board.jpg 17 18 --text roadmap")
@photo_argument()
@click.argument("several", nargs=-1, required=True, metavar="WORD WORD...")
@click.option("--text", required=True, help="The word that they are together.")
@by_option
@archive_option
@click.pass_obj
def merge_words(home: Path, photo: Path, several: tuple[str, ...], text: str, by: str) -> None:
    """Join boxes that are parts of one word."""
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        click.echo(archive.labels.merge([_chosen(archive, photo, word) for word in several], text, by))


@relabel.command("delete", epilog="Example: ocr-index relabel delete board.jpg 17")
@photo_argument()
@click.argument("word")
@by_option
@archive_option
@click.pass_obj
def delete_word(home: Path, photo: Path, word: str, by: str) -> None:
    """Say that there is no such word."""
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        archive.labels.delete(_chosen(archive, photo, word), by)


@relabel.command("undo", epilog="Example: ocr-index relabel undo")
@click.option("--by", metavar="NAME", help="The last change of that person; else the last of all.")
@archive_option
@click.pass_obj
def undo(home: Path, by: str | None) -> None:
    """Take back the last change; again, the one before. An import is one change."""
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        print_text("".join(map(_said_list, archive.labels.undo(by))))


@relabel.command("history", epilog="Example: ocr-index relabel history board.jpg roadmap")
@click.argument("photo", required=False, type=click.Path(path_type=Path))
@click.argument("word", required=False)
@click.option("-n", "limit", default=50, type=click.IntRange(1), metavar="LIMIT", help="So many at most; 50.")
@archive_option
@json_option
@click.pass_obj
def history(home: Path, photo: Path | None, word: str | None, limit: int, as_json: bool) -> None:
    """Say who said what, and when.

    About one word, oldest first; without WORD, the last labels of the whole archive, newest first.
    """
    from indexer.archive import Archive

    if photo and word is None:
        raise click.UsageError("name the word, too: its id, or what is read there now")
    with Archive.open(home) as archive:
        if photo and word:
            said = archive.labels.history(_chosen(archive, photo.absolute(), word))
        else:
            said = archive.labels.changes(limit)
        for one in said:
            print_text(_said_json(one) if as_json else _said_list(one))


@relabel.command("export", epilog="Example: ocr-index relabel export words/ --format iam")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@paths_argument(metavar="[PATH]...")
@click.option("--format", "form", type=click.Choice(FORMS), default="csv", show_default=True)
@archive_option
@click.pass_context
def export(ctx: click.Context, folder: Path, paths: list[str], form: str) -> None:
    """Write all labelled words as crops and a list into the new folder DIR.

    With PATH, those on photos at or under it. `relabel import DIR` reads it again, also with texts that were
    corrected there, and so does `evaluate recognizer DIR`.
    """
    from indexer.archive import Archive
    from indexer.exporting import export

    with Archive.open(ctx.obj) as archive:
        done = export(archive.labels.labelled(paths or None), folder, form)
    click.echo(f"{done.crops:,} words in {folder}", err=True)
    _say_left_out(ctx, done.unreadable)


@relabel.command("import", epilog="Example: ocr-index relabel import labels.csv scans/*.hocr")
@click.argument("lists", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--suggest", metavar="NAME", help="They are readings of an engine of that name, not labels.")
@click.option("--replace", is_flag=True, help="Also where a label says something else.")
@click.option(
    "--by", default="import", show_default=True, metavar="NAME", help="Who says so, if no list does."
)
@archive_option
@click.pass_context
def import_(ctx: click.Context, lists: tuple[Path, ...], suggest: str | None, replace: bool, by: str) -> None:
    """Take labels from lists, or what other engines read.

    A list is a folder that `export` has made, or a CSV or JSON Lines file with the columns path, x0, y0, x1,
    y1 and text (and confidence). What hOCR and ALTO files say are readings of another engine, like everything
    with --suggest NAME: they are searched with their confidence and offered by `relabel next`.
    """
    from indexer.archive import Archive
    from indexer.placed import PAGES, read_places

    pages = [path for path in lists if suggest or path.suffix.lower() in PAGES]
    tables = [path for path in lists if path not in pages]
    with Archive.open(ctx.obj) as archive:
        left_out: list[str] = []
        if tables:
            texts = (text for path in tables for text in read_places(path))
            left_out += _brought(archive.labels.bring(texts, by, replace), "labels")
        if pages:
            texts = (text for path in pages for text in read_places(path))
            left_out += _brought(archive.labels.suggest(texts, suggest or "import"), "suggestions")
    _say_left_out(ctx, left_out)


@relabel.command("suggest", epilog="Example: ocr-index relabel suggest ~/Photos/boards")
@paths_argument(metavar="[PATH]...")
@archive_option
@click.pass_context
def suggest(ctx: click.Context, paths: list[str]) -> None:
    """Let another engine, RapidOCR, read photos.

    Those at or under PATH, or all; on this computer, seconds a photo. What it reads are suggestions: they are
    searched with its confidence and offered by `relabel next`. Wants: pip install "ocr-index[teacher]"
    """
    from indexer.archive import Archive
    from indexer.crops import open_page
    from indexer.photo import PhotoError
    from indexer.teacher import SOURCE, load_engine, read_page
    from search.listing import place

    engine = load_engine()
    left_out, count, seen = [], 0, set()
    with Archive.open(ctx.obj) as archive:
        for page in list(archive.words(paths or None)):
            try:
                photo = open_page(Path(page.path), page.page)
            except PhotoError as error:
                left_out.append(str(error))
                continue
            if (photo.sha256, photo.page) not in seen:
                seen.add((photo.sha256, photo.page))
                done = archive.labels.suggest(read_page(engine, photo), SOURCE)
                count += done.new
                click.echo(f"{done.new} words suggested on {place(page.path, page.page)}", err=True)
    click.echo(f"{count:,} suggestions", err=True)
    _say_left_out(ctx, left_out)


def _brought(done: Brought, noun: str) -> list[str]:
    """Say how many; returns those that were left out."""
    same = f", {done.same:,} there already" if done.same else ""
    click.echo(f"{done.new:,} {noun}{same}", err=True)
    return done.kept + done.astray


def _say_left_out(ctx: click.Context, lines: Sequence[str], most: int = 20) -> None:
    for line in lines[:most]:
        click.echo(f"left out: {line}", err=True)
    if len(lines) > most:
        click.echo(f"left out: {len(lines) - most:,} more", err=True)
    if lines:
        ctx.exit(SOME_LEFT_OUT)


@relabel.command("next", epilog="Example: ocr-index relabel next -n 50")
@click.option("-n", "count", type=click.IntRange(1), metavar="COUNT", help="So many questions at most.")
@click.option("--one-by-one", is_flag=True, help="Never ask for words that look alike at once.")
@by_option
@archive_option
@click.pass_obj
def next_word(home: Path, count: int | None, one_by_one: bool, by: str) -> None:
    """Ask for words, those first whose label helps search most.

    Each is shown with its likeliest readings. A digit takes that reading, Enter the first; or type what is
    written. s skips, n says that it is no word, u takes the last answer back, q ends; = begins a text that
    starts with one of these. Reads lines when the input is no terminal.
    """
    from indexer.archive import Archive
    from indexer.commands.asking import ask

    with Archive.open(home) as archive:
        ask(archive, count, by, together=not one_by_one)


def _said_list(said: Said) -> str:
    """For people: when, who, what."""
    what = "took it back" if said.text is None else f'"{said.text}"' if said.text else "no word"
    why = {"undo": "  (undo)", "edit": "  (on the edited photo)"}.get(said.why, "")
    return f"{datetime.fromtimestamp(said.at):%Y-%m-%d %H:%M:%S}  {said.by}: {what}{why}\n"


def _said_json(said: Said) -> str:
    from search.listing import json_line

    box = said.box
    return json_line(asdict(said) | {"box": [box.x0, box.y0, box.x1, box.y1]})


def _chosen(archive: Archive, photo: Path, word: str) -> int:
    """The id of the word on that photo, given that or what it reads."""
    found = [one for page in archive.words([str(photo)]) for one in page.words]
    if not found:
        raise click.UsageError(f"no words are known on {photo}; `ocr-index status {photo}` says why")
    if word.isdigit() and any(one.id == int(word) for one in found):
        return int(word)
    like = [one.id for one in found if one.readings and one.readings[0].text.casefold() == word.casefold()]
    if len(like) == 1:
        return like[0]
    if like:
        raise click.UsageError(f"{word!r} stands there {len(like)} times; name one by its id: {_ids(like)}")
    raise click.UsageError(f"no word on {photo} has that id or reads {word!r}; `ocr-index words` shows them")


def _ids(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))
