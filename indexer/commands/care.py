"""The commands that keep an archive alive for years: watch, doctor, backup, restore."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.commands import archive_option, json_option, leave, paths_argument, print_text

if TYPE_CHECKING:
    from indexer.settings import Settings


@click.command(epilog="Example: ocr-index watch ~/Photos/boards")
@paths_argument(metavar="PATH...")
@archive_option
@click.option("--poll", is_flag=True, help="Wait for no events, list the folders again and again.")
@click.option("--threads", metavar="N", type=click.IntRange(1), help="Use so many threads at most.")
@click.option("--install", "deed", flag_value="install", default="", help="Do so now and at every login.")
@click.option("--uninstall", "deed", flag_value="uninstall", help="Do so no more.")
@click.option("--dry-run", is_flag=True, help="With these, only print what would be done.")
@click.pass_obj
def watch(home: Path, paths: list[str], poll: bool, threads: int | None, deed: str, dry_run: bool) -> None:
    """Read photos as they appear, change, move and vanish, for ever.

    First what lies at and under PATH, then what becomes of it; Ctrl-C ends it. `ocr-index status` says what
    it is doing. SIGHUP makes it read settings.toml again.
    """
    if dry_run and not deed:
        raise click.UsageError("--dry-run is for --install and --uninstall")
    if not paths and deed != "uninstall":
        raise click.UsageError("name the folders to watch")
    if deed:
        options = (["--poll"] if poll else []) + (["--threads", str(threads)] if threads else [])
        _serve(
            deed, [*_program(), "--archive", os.path.abspath(home), "watch", *options, "--", *paths], dry_run
        )
    else:
        _tend(home, paths, poll, threads)


def _program() -> list[str]:
    """The words with which a system that has no PATH runs this program."""
    found = shutil.which(sys.argv[0])
    return [os.path.abspath(found)] if found else [sys.executable, "-m", "cli"]


def _serve(deed: str, command: Sequence[str], dry_run: bool) -> None:
    from indexer import service

    wanted = service.service(command, Path.home())
    if dry_run:
        deleted = f"# {wanted.path} would be deleted, after:"
        shown, calls = (
            ([f"# {wanted.path}", wanted.text], wanted.start)
            if deed == "install"
            else ([deleted], wanted.stop)
        )
        click.echo("\n".join([*shown, *(f"$ {' '.join(call)}" for call in calls)]))
    elif deed == "install":
        service.install(wanted)
        click.echo(f"watching now and at every login: {wanted.path}", err=True)
    else:
        service.uninstall(wanted)
        click.echo(f"watching no more: {wanted.path} is deleted", err=True)


def _tend(home: Path, paths: Sequence[str], poll: bool, threads: int | None) -> None:
    _lie_low(threads)
    from indexer.settings import Settings
    from indexer.tending import Tender, open_patiently

    def settings() -> Settings:
        found = Settings.load(home)
        return replace(found, threads=min(threads, found.threads)) if threads else found

    with open_patiently(home) as archive:
        tender = Tender(archive, [*map(Path, paths)], settings, poll=poll)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: tender.reload())
        tender.run()


def _lie_low(threads: int | None) -> None:
    """Others come first; and log lines that say when."""
    if hasattr(os, "nice") and os.nice(0) == 0:
        os.nice(10)
    if threads:
        # Read when torch and OpenCV are loaded, which has not happened yet.
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
            os.environ[name] = str(threads)
    logging.basicConfig(
        format="%(asctime)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z", level=logging.WARNING
    )
    logging.getLogger("indexer").setLevel(logging.INFO)


@click.command(epilog="Example: ocr-index doctor --repair")
@archive_option
@click.option("--repair", is_flag=True, help="Mend what can be mended; no label is thrown away.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, repair: bool, as_json: bool) -> None:
    """Check the archive, and repair it.

    Its database, its rows, the search index, the files it knows, its settings and weights. Ends with 0 when
    all is well or mended, else with 7.
    """
    from indexer import listing
    from indexer.doctor import State, Unwell, examine

    unwell = False
    for finding in examine(ctx.obj, repair):
        unwell = unwell or finding.state is State.FAULT
        print_text(listing.finding_json(finding) if as_json else listing.finding_list(finding))
    if unwell:
        advice = (
            "what remains is for you to mend, as said above"
            if repair
            else "ocr-index doctor --repair mends what it can"
        )
        leave(ctx, advice, Unwell.exit_code)


@click.command(epilog="Example: ocr-index backup boards.zip")
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@archive_option
@click.pass_obj
def backup(home: Path, target: Path) -> None:
    """Copy the archive into one file.

    With its settings and models, and without the photos themselves. May be done at any time, whatever else
    is reading or writing. `restore` puts it back.
    """
    from indexer.backup import backup

    members = backup(home, target)
    click.echo(f"{len(members)} files of {sum(m.size for m in members):,} bytes are in {target}", err=True)


@click.command(epilog="Example: ocr-index restore boards.zip --archive ~/boards")
@click.argument("source", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@archive_option
@click.option("--replace", is_flag=True, help="Put it in the place of the archive that is there.")
@click.pass_obj
def restore(home: Path, source: Path, replace: bool) -> None:
    """Put a backup back.

    A damaged one is refused before anything is touched. With --replace, a copy of what was there is kept.
    """
    from indexer.archive import Archive
    from indexer.backup import restore

    found = restore(source, home, replace)
    with Archive.open(home) as archive:
        count = archive.rebuild_index()
    click.echo(f"{home} is as it was on {found.made}; {count:,} photos can be searched", err=True)
    if found.former:
        click.echo(f"what was there before is {found.former}", err=True)
