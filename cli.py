"""Words typed, one call made, words printed: the two commands.

Starting has to feel instant, so only click is imported here; each command imports the room it calls.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from indexer import interrupts
from indexer.commands import (
    INTERRUPTED,
    Program,
    Programs,
    archive_option,
    json_option,
    leave,
    paths_argument,
    picture_path,
    print_text,
)

if TYPE_CHECKING:
    from indexer.summary import Summary
    from search import Hit

NOTHING_FOUND = 1
SOME_REFUSED = 3


def _day(text: str) -> date:
    """The day that `text` names; a month or a year means its first day."""
    from search.query import day_of

    if day := day_of(text):
        return day
    raise click.BadParameter(f"{text!r} is no date; write 2024-03-01, 2024-03 or 2024")


ELSEWHERE = {
    "backup": "indexer.commands.care:backup",
    "doctor": "indexer.commands.care:doctor",
    "evaluate": "indexer.commands.models:evaluate",
    "models": "indexer.commands.models:models",
    "serve": "web.commands:serve",
    "restore": "indexer.commands.care:restore",
    "relabel": "indexer.commands.relabel:relabel",
    "train": "indexer.commands.models:train",
    "watch": "indexer.commands.care:watch",
}
"""Commands with a module of their own."""


@click.group(cls=Programs, elsewhere=ELSEWHERE, epilog="Then search: ocr-search quarterly roadmap")
@archive_option
@click.version_option(package_name="ocr-index")
def index() -> None:
    """Make photos of whiteboards, flipcharts, sticky notes and notebooks findable by the words on them."""


@index.command(epilog="Example: ocr-index add ~/Photos/boards scan.pdf")
@paths_argument(required=True, metavar="PATH...")
@archive_option
@json_option
@click.pass_context
def add(ctx: click.Context, paths: list[str], as_json: bool) -> None:
    """Read photos, and folders at any depth.

    Only new and changed ones are read; photos that are gone from there leave the search.
    """
    from indexer import pipeline
    from indexer.archive import Archive
    from indexer.progress import watched
    from indexer.settings import Settings

    with Archive.open(ctx.obj, create=True) as archive, watched(sys.stderr) as progress:
        summary = pipeline.add(archive, [*map(Path, paths)], Settings.load(ctx.obj), progress)
    _report(ctx, summary, as_json)


@index.command(epilog="Example: ocr-index reindex ~/Photos/boards")
@paths_argument(metavar="[PATH]...")
@archive_option
@json_option
@click.option("--index-only", is_flag=True, help="Read no photo, only build the search index anew.")
@click.option("--most", metavar="N", type=click.IntRange(1), help="So many photos at most.")
@click.pass_context
def reindex(ctx: click.Context, paths: list[str], as_json: bool, index_only: bool, most: int | None) -> None:
    """Read again with the present models.

    What other models have read, and what could not be read; with PATH, only what lies there. What was read
    least surely comes first, because there it pays most. Without PATH, the search index is built anew, too.
    Labels that you have set hold.
    """
    from indexer import pipeline
    from indexer.archive import Archive
    from indexer.progress import watched
    from indexer.settings import Settings

    with Archive.open(ctx.obj) as archive, watched(sys.stderr) as progress:
        if index_only or not paths:
            click.echo(f"{archive.rebuild_index():,} photos can be searched", err=True)
        if not index_only:
            only = [*map(Path, paths)] or None
            settings = Settings.load(ctx.obj)
            _report(ctx, pipeline.reindex(archive, only, settings, progress, most=most), as_json)


def _report(ctx: click.Context, summary: Summary, as_json: bool) -> None:
    from indexer import listing

    print_text(listing.as_json(summary) if as_json else listing.summary_list(summary))
    if summary.refused:
        ctx.exit(SOME_REFUSED)


@index.command(epilog="Example: ocr-index status ~/Photos/boards")
@paths_argument(metavar="[PATH]...")
@archive_option
@json_option
@click.option("--refused", is_flag=True, help="Only files that could not be read, and why.")
@click.pass_obj
def status(home: Path, paths: list[str], as_json: bool, refused: bool) -> None:
    """Say how much there is, and what the watcher is doing.

    With PATH, how far each file at or under it has come, or why it could not be read.
    """
    from indexer import bulletin, listing
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        if not paths and not refused:
            known = archive.counts(), bulletin.latest(home)
            print_text(listing.counts_json(*known) if as_json else listing.counts_list(*known))
            return
        for file in archive.status(paths or None):
            if file.reason is not None or not refused:
                print_text(listing.as_json(file) if as_json else listing.status_list(file))


@index.command(epilog="Example: ocr-index words board.jpg --picture board-read.png")
@paths_argument(metavar="[PATH]...")
@archive_option
@json_option
@click.option(
    "--picture", metavar="FILE", type=picture_path, help="Draw ink, boxes, order, readings of one photo."
)
@click.pass_obj
def words(home: Path, paths: list[str], as_json: bool, picture: Path | None) -> None:
    """Print the words and their readings.

    Those on photos at or under PATH, or on all; each with its id and the probability of each reading.
    """
    from indexer import listing
    from indexer.archive import Archive

    page = None
    with Archive.open(home) as archive:
        for page in archive.words(paths or None):
            if picture and not paths:
                raise click.UsageError("--picture draws one photo: name it")
            print_text(listing.words_json(page) if as_json else listing.words_list(page))
            if picture:
                import detector
                from indexer.picture import Mark, draw_page
                from indexer.settings import Settings

                seen = detector.load(Settings.load(home).detector)
                draw_page(Path(page.path), page.page, map(Mark.of, page.words), picture, seen.mask)
                return
    if paths and page is None:
        raise click.UsageError("nothing has been read there; `ocr-index status PATH` says what is known")


@index.command(epilog="Example: ocr-index remove ~/Photos/private")
@paths_argument(required=True, metavar="PATH...")
@archive_option
@click.pass_obj
def remove(home: Path, paths: list[str]) -> None:
    """Forget photos; the files stay.

    What was read on the photos at or under PATH goes, too; labels that you have set are kept.
    """
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        count = archive.forget(paths)
    if not count:
        raise click.UsageError("nothing there is in the archive; `ocr-index status PATH` says what is known")
    click.echo(f"{count} files forgotten", err=True)


@click.command(cls=Program, epilog="Example: ocr-search quarterly roadmap --after 2024-01")
@click.argument("typed", metavar="QUERY...", nargs=-1)
@archive_option
@click.option("-n", "limit", default=20, metavar="LIMIT", type=click.IntRange(1), help="Photos at most; 20.")
@click.option("--json", "form", flag_value="json", default="", help="Print one JSON object a hit.")
@click.option("--csv", "form", flag_value="csv", help="Print one line a matched word, for spreadsheets.")
@click.option("--paths0", "form", flag_value="paths0", help="Print paths ended by a zero byte, for xargs -0.")
@click.option(
    "--least", type=click.FloatRange(0, 1), metavar="P", help="Only words at least so likely; 0.001."
)
@click.option("--exact", is_flag=True, help="Only words spelled as typed.")
@click.option("--in", "folder", metavar="FOLDER", type=click.Path(), help="Only photos in this folder.")
@click.option("--after", type=_day, metavar="DATE", help="Only photos taken on that day or later.")
@click.option("--before", type=_day, metavar="DATE", help="Only photos taken before that day.")
@click.option(
    "--queries", metavar="FILE", type=click.File(errors="surrogateescape"), help="One query a line."
)
@click.option("--show", metavar="N", type=click.IntRange(1), help="Draw hit N with the words that matched.")
@click.option("--picture", metavar="FILE", type=picture_path, default="hit.png", help="Drawn there; hit.png.")
@click.version_option(package_name="ocr-index")
@click.pass_context
def find(
    ctx: click.Context, /, typed: Sequence[str], queries: IO[str] | None, form: str, **asked: Any
) -> None:
    """Find photos by the words on them, best first, each with the chance that the words are there.

    Words that were misread are found too. With --queries, - is standard input.
    """
    import search
    from indexer.queries import note
    from search import listing
    from search.query import is_question

    show, picture = asked.pop("show"), asked.pop("picture")
    if asked["least"] is None:
        asked["least"] = search.LEAST
    if bool(typed) == bool(queries) or (queries and show):
        raise click.UsageError("type what to look for (--show draws a hit), or name a file with --queries")
    if typed and not is_question(" ".join(typed)):
        raise click.UsageError("there is no word to look for in that; type one that should be on the photo")
    for_people = partial(listing.as_list, bold=partial(click.style, bold=True), headed=bool(queries))
    as_text = listing.FORMS.get(form, for_people)
    searcher, found = search.open(ctx.obj), False
    print_text(listing.HEADS.get(form, ""))
    for query in [" ".join(typed)] if queries is None else filter(None, map(str.strip, queries)):
        hits = searcher.find(query, **asked)
        if typed:
            note(ctx.obj, query)
        print_text(as_text(hits))
        if show and len(hits) >= show:
            _draw_hit(hits[show - 1], picture)
        found = found or bool(hits)
    elsewhere = 0 if queries or found else searcher.elsewhere(query, asked["exact"], asked["least"])
    hint = "" if queries else listing.hint(searcher.closest(query), elsewhere)
    if not found:
        leave(ctx, f"nothing found{hint}", NOTHING_FOUND)
    if hint:
        click.echo(f"{ctx.info_name}: only a guess{hint}", err=True)


def _draw_hit(hit: Hit, picture: Path) -> None:
    from indexer.picture import Mark, draw_page

    marks = [Mark(word.box, f"{word.text} {word.probability:.0%}", word.probability) for word in hit.words]
    draw_page(Path(hit.path), hit.page, marks, picture)
    click.echo(f"hit {hit.rank} is drawn in {picture}", err=True)


def _prepare() -> None:
    """Print names in any encoding as the bytes they are, and let SIGTERM end like Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")
    interrupts.listen()


def _run(command: click.Command, name: str) -> None:
    """Do what was typed, and end."""
    _prepare()
    try:
        command(prog_name=name)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            # Everything is closed, but threads may be deep in a decoder: waiting for them takes long, and
            # taking Python down around them ends in an abort.
            with suppress(OSError):
                sys.stdout.flush()
            os._exit(INTERRUPTED)
        raise


def main() -> None:
    """The command `ocr-index`."""
    _run(index, "ocr-index")


def search_main() -> None:
    """The command `ocr-search`."""
    _run(find, "ocr-search")


if __name__ == "__main__":
    main()
