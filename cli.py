"""Words typed, one call made, words printed: the two commands, and the only exit codes.

Starting has to feel instant, so only click is imported here; each command imports the room it calls.
"""

from __future__ import annotations

import io
import math
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from indexer.summary import Summary
    from search import Hit

NOTHING_FOUND = 1
SOME_REFUSED = 3
INTERRUPTED = 130


class Program(click.Command):
    """A command whose every foreseeable end is an exit code and at most one line on stderr."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what carries an `exit_code` is said and left with, anything else is a fault of ours."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except (click.ClickException, click.exceptions.Exit):
            raise
        except BrokenPipeError:
            # Whoever read our output has had enough; nor must the last flush at exit complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit()
        except (KeyboardInterrupt, click.Abort):
            _leave(ctx, "interrupted; what is done is kept", INTERRUPTED)
        except OSError as error:
            _leave(
                ctx, f"{error.filename or 'system'}: {error.strerror or error}", click.UsageError.exit_code
            )
        except Exception as error:
            if not hasattr(error, "exit_code"):
                raise
            _leave(ctx, str(error), error.exit_code)


class Programs(Program, click.Group):
    """The same for a group of commands."""


def _leave(ctx: click.Context, message: str, exit_code: int) -> NoReturn:
    click.echo(f"{ctx.find_root().info_name}: {message}", err=True)
    ctx.exit(exit_code)


def _choose_home(ctx: click.Context, _: click.Parameter, given: Path | None) -> None:
    """Leave the archive's folder in `ctx.obj`; the one named nearest to the command wins."""
    if given is not None:
        ctx.obj = given
    elif ctx.obj is None:
        from platformdirs import user_data_path

        ctx.obj = Path(os.environ.get("OCR_INDEX_HOME") or user_data_path("ocr-index"))


def _absolute(_: click.Context, __: click.Parameter, paths: Sequence[str]) -> list[str]:
    """As the archive knows them; links are kept, so that people find photos where they put them."""
    return [os.path.abspath(path) for path in paths]


def _day(text: str) -> date:
    """The day that `text` names; a month or a year means its first day."""
    for rest in ("", "-01", "-01-01"):
        with suppress(ValueError):
            return date.fromisoformat(text + rest)
    raise click.BadParameter(f"{text!r} is no date; write 2024-03-01, 2024-03 or 2024")


archive_option = click.option(
    "--archive",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    callback=_choose_home,
    expose_value=False,
    help="Folder of the archive; else OCR_INDEX_HOME, else your user data folder.",
)
# Whether they exist or not: what is gone can still be asked about.
paths_argument = partial(click.argument, "paths", nargs=-1, type=click.Path(), callback=_absolute)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
data_folder = click.Path(exists=True, file_okay=False, path_type=Path)
picture_path = click.Path(dir_okay=False, path_type=Path)
print_text = partial(click.echo, nl=False)


@click.group(cls=Programs, epilog="Then search: ocr-search quarterly roadmap")
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
@click.pass_context
def reindex(ctx: click.Context, paths: list[str], as_json: bool, index_only: bool) -> None:
    """Read again with the present models.

    What other models have read, and what could not be read; with PATH, only what lies there. Without, the
    search index is built anew, too. Labels that you have set hold.
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
            _report(ctx, pipeline.reindex(archive, only, Settings.load(ctx.obj), progress), as_json)


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
    """Say how much there is.

    With PATH, how far each file at or under it has come, or why it could not be read.
    """
    from indexer import listing
    from indexer.archive import Archive

    with Archive.open(home) as archive:
        if not paths and not refused:
            counts = archive.counts()
            print_text(listing.as_json(counts) if as_json else listing.counts_list(counts))
            return
        for file in archive.status(paths or None):
            if file.reason is not None or not refused:
                print_text(listing.as_json(file) if as_json else listing.status_list(file))


@index.command(epilog="Example: ocr-index words board.jpg --picture board-read.png")
@paths_argument(metavar="[PATH]...")
@archive_option
@json_option
@click.option(
    "--picture", metavar="FILE", type=picture_path, help="Draw boxes and readings of one photo there."
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
                from indexer.picture import Mark, draw_page

                draw_page(Path(page.path), page.page, map(Mark.of, page.words), picture)
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


@index.command(epilog="Example: ocr-index models --json")
@archive_option
@json_option
@click.pass_obj
def models(home: Path, as_json: bool) -> None:
    """List the models.

    A star stands before those in use; the archive's settings.toml may name others.
    """
    from indexer import listing
    from indexer.models import models
    from indexer.settings import Settings

    for model in models(home, Settings.load(home)):
        print_text(listing.as_json(model) if as_json else listing.model_list(model))


@index.group(epilog="Example: ocr-index train recognizer runs/first --data ../data")
def train() -> None:
    """Train a model."""


@train.command(
    "recognizer", epilog="Example: ocr-index train recognizer runs/first --data ../data --minutes 120"
)
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--data", required=True, metavar="DIR", type=data_folder, help="Folder with strokes and fonts.")
@click.option("--words", metavar="N", default=2_000_000, show_default=True, help="Words to learn from.")
@click.option("--seed", metavar="N", default=1, show_default=True, help="Another one draws other words.")
@click.option("--minutes", metavar="N", type=float, default=math.inf, help="Stop then, to be resumed.")
def train_recognizer(run: Path, data: Path, words: int, seed: int, minutes: float) -> None:
    """Train a recognizer on drawn words.

    They are drawn from what lies in --data; weights and measurements go into the folder RUN. A run that was
    stopped goes on where it was.
    """
    from recognizer.train import Plan, fit

    fit(run, data, Plan(words=words, seed=seed), minutes)


@train.command("detector", epilog="Example: ocr-index train detector runs/boxes --data ../data --minutes 60")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--data", required=True, metavar="DIR", type=data_folder, help="Folder with strokes and fonts.")
@click.option("--pages", metavar="N", default=14_000, show_default=True, help="Pages to learn from.")
@click.option("--minutes", metavar="N", type=float, default=math.inf, help="Stop then, to be resumed.")
def train_detector(run: Path, data: Path, pages: int, minutes: float) -> None:
    """Train a detector on drawn pages, as `train recognizer` does on words."""
    from detector.train import Plan, fit
    from recognizer.pages import TERMS, Pages

    fit(run, Pages(data).draw, Plan(pages=pages, data=TERMS), minutes)


@index.group(epilog="Example: ocr-index evaluate recognizer words.csv")
def evaluate() -> None:
    """Measure a model on labelled data."""


@evaluate.command(
    "recognizer", epilog="Example: ocr-index evaluate recognizer words.csv --weights last.safetensors"
)
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--weights", metavar="FILE", default="default", help="Weights file; else the one that ships.")
@click.option("--words", metavar="N", type=click.IntRange(1), help="So many words at most.")
@json_option
def evaluate_recognizer(data: Path, weights: str, words: int | None, as_json: bool) -> None:
    """Read labelled pictures of words and say how well that went.

    DATA is a CSV or JSON Lines file with the columns image and text, or a list of IAM, MJSynth, kraken or
    PaddleOCR, or a folder with one of these.
    """
    from recognizer import load
    from recognizer.datasets import loaded, open_dataset
    from recognizer.evaluation import evaluate

    samples = loaded(islice(open_dataset(data), words), partial(click.echo, err=True))
    found = evaluate(load(weights), ((sample.text, pixels) for sample, pixels in samples))
    print_text(found.as_json() if as_json else found.as_list())


@click.command(cls=Program, epilog="Example: ocr-search quarterly roadmap --after 2024-01")
@click.argument("typed", metavar="QUERY...", nargs=-1)
@archive_option
@click.option("-n", "limit", default=20, metavar="LIMIT", type=click.IntRange(1), help="Photos at most; 20.")
@click.option("--json", "form", flag_value="json", default="", help="Print one JSON object a hit.")
@click.option("--csv", "form", flag_value="csv", help="Print one line a matched word, for spreadsheets.")
@click.option("--paths0", "form", flag_value="paths0", help="Print paths ended by a zero byte, for xargs -0.")
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
    from search import listing

    show, picture = asked.pop("show"), asked.pop("picture")
    if bool(typed) == bool(queries) or (queries and show):
        raise click.UsageError("type what to look for (--show draws a hit), or name a file with --queries")
    for_people = partial(listing.as_list, bold=partial(click.style, bold=True), headed=bool(queries))
    as_text = listing.FORMS.get(form, for_people)
    searcher, found = search.open(ctx.obj), False
    print_text(listing.HEADS.get(form, ""))
    for query in [" ".join(typed)] if queries is None else filter(None, map(str.strip, queries)):
        hits = searcher.find(query, **asked)
        print_text(as_text(hits))
        if show and len(hits) >= show:
            _draw_hit(hits[show - 1], picture)
        found = found or bool(hits)
    if not found:
        hint = "" if queries else listing.hint(searcher.closest(" ".join(typed)))
        _leave(ctx, f"nothing found{hint}", NOTHING_FOUND)


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
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def main() -> None:
    """The command `ocr-index`."""
    _prepare()
    index(prog_name="ocr-index")


def search_main() -> None:
    """The command `ocr-search`."""
    _prepare()
    find(prog_name="ocr-search")


if __name__ == "__main__":
    main()
