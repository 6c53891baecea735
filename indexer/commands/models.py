"""The commands about models: list, train, evaluate."""

from __future__ import annotations

import math
import os
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import click

from indexer.commands import archive_option, data_folder, json_option, picture_path, print_text

NETWORKS = ("crnn", "deep", "crnn-stn", "light", "light-stn", "attention")
"""Those of `recognizer.model`, which is slow to import."""

list_path = click.Path(exists=True, path_type=Path)
weights_path = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True, epilog="Example: ocr-index models use mine.safetensors")
@archive_option
@json_option
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the models, choose one, or go back.

    A star stands before those in use; the archive's settings.toml may name others.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj, as_json)


@models.command("list", epilog="Example: ocr-index models list --json")
@archive_option
@json_option
@click.pass_obj
def list_models(home: Path, as_json: bool) -> None:
    """List the models."""
    _list(home, as_json)


@models.command(epilog="Example: ocr-index models use mine.safetensors")
@click.argument("name")
@archive_option
@click.pass_obj
def use(home: Path, name: str) -> None:
    """Read with the recognizer NAME from now on: `default`, or a weights file.

    What has been read stays as it is; `ocr-index reindex` reads it again.
    """
    from detector.weights import read_card
    from indexer import choice

    name = name if name == choice.DEFAULT else os.path.abspath(name)
    if name != choice.DEFAULT and Path(name).is_file():
        read_card(Path(name))  # says so now if it is none
    choice.use(home, name)
    click.echo(f"{name} is in use; `ocr-index reindex` reads the photos again with it", err=True)


@models.command(epilog="Example: ocr-index models rollback --archive boards")
@archive_option
@click.pass_obj
def rollback(home: Path) -> None:
    """Read with the recognizer that was in use before."""
    from indexer import choice

    name = choice.roll_back(home)
    click.echo(f"{name} is in use again; `ocr-index reindex` reads the photos again with it", err=True)


def _list(home: Path, as_json: bool) -> None:
    from indexer import listing
    from indexer.models import models
    from indexer.settings import Settings

    for model in models(home, Settings.load(home)):
        print_text(listing.as_json(model) if as_json else listing.model_list(model))


@click.group(epilog="Example: ocr-index train recognizer runs/first --data ../data")
def train() -> None:
    """Train a model."""


@train.command(
    "recognizer", epilog="Example: ocr-index train recognizer runs/first --data ../data --minutes 120"
)
@click.argument("run", required=False, type=click.Path(file_okay=False, path_type=Path))
@archive_option
@click.option("--labels", is_flag=True, help="Go on with the words labelled in the archive; no RUN then.")
@click.option("--data", metavar="DIR", type=data_folder, help="Draw words from the strokes and fonts there.")
@click.option("--crops", metavar="LIST", type=list_path, multiple=True, help="Labelled pictures to learn.")
@click.option(
    "--measure", metavar="LIST", type=list_path, help="Others to measure on; else every tenth crop."
)
@click.option("--from", "start", metavar="WEIGHTS", type=weights_path, help="Begin with these.")
@click.option("--network", type=click.Choice(NETWORKS), help="Which network; `deep` can begin with `crnn`.")
@click.option("--words", metavar="N", default=2_000_000, show_default=True, help="Words to learn from.")
@click.option("--rate", metavar="X", type=click.FloatRange(0, min_open=True), help="Of learning.")
@click.option("--seed", metavar="N", default=1, show_default=True, help="Another one draws other words.")
@click.option("--minutes", metavar="N", type=float, default=math.inf, help="Stop then, to be resumed.")
@click.pass_obj
def train_recognizer(home: Path, /, run: Path | None, labels: bool, **asked: Any) -> None:
    """Train a recognizer on drawn words, on labelled pictures, or on your own words.

    Words are drawn from what lies in --data; --crops are lists as `evaluate recognizer` takes them, of any
    length, shown in turn with drawn words if both are given. Weights, metrics.csv and its picture
    metrics.svg go into the folder RUN; a run that was stopped goes on where it was. With --labels the
    recognizer in use learns the words that you have labelled, which takes minutes, is measured on labelled
    photos that it has not learned, and is used only if it reads them better.
    """
    if labels:
        _learn_labels(home, asked["data"])
        return
    if run is None or not (asked["data"] or asked["crops"]):
        raise click.UsageError("name a folder RUN and --data DIR or --crops LIST, or give --labels")
    _learn(run, **asked)


def _learn(run: Path, words: int, seed: int, minutes: float, start: Path | None, **asked: Any) -> None:
    from recognizer.datasets import open_dataset
    from recognizer.lessons import Crops, Drawn, Lesson
    from recognizer.plan import RATE, TERMS, TUNING_RATE, Plan
    from recognizer.train import learn

    rate = asked["rate"] or (TUNING_RATE if start else RATE)
    drawn = Drawn(asked["data"]) if asked["data"] else None
    plan = Plan(asked["network"] or "", words=words, seed=seed, rate=rate, data=TERMS if drawn else [])
    lists = [open_dataset(one) for one in asked["crops"]]
    lesson: Lesson | None = drawn
    if lists:
        proof = open_dataset(asked["measure"]) if asked["measure"] else None
        lesson = Crops(lists, partial(click.echo, err=True), proof, drawn)
        plan = plan.with_data(
            [{"name": f"crops of {one.path.name}", "terms": "those of the list"} for one in lists]
        )
    if lesson:
        learn(run, lesson, plan.sized(), minutes, start)


def _learn_labels(home: Path, data: Path | None) -> None:
    from indexer import listing
    from indexer.archive import Archive
    from indexer.settings import Settings
    from indexer.tuning import tune

    with Archive.open(home) as archive:
        print_text(
            listing.comparison(tune(archive, Settings.load(home), data, partial(click.echo, err=True)))
        )


@train.command("detector", epilog="Example: ocr-index train detector runs/boxes --data ../data --minutes 60")
@click.argument("run", type=click.Path(file_okay=False, path_type=Path))
@click.option("--data", required=True, metavar="DIR", type=data_folder, help="Folder with strokes and fonts.")
@click.option("--pages", metavar="N", default=14_000, show_default=True, help="Pages to learn from.")
@click.option("--from", "start", metavar="WEIGHTS", type=weights_path, help="Begin with these.")
@click.option("--minutes", metavar="N", type=float, default=math.inf, help="Stop then, to be resumed.")
def train_detector(run: Path, data: Path, pages: int, start: Path | None, minutes: float) -> None:
    """Train a detector on drawn pages, as `train recognizer` does on words."""
    from detector.train import Plan, fit
    from recognizer.pages import TERMS, Pages

    fit(run, Pages(data).draw, Plan(pages=pages, data=TERMS), minutes, start)


@click.group(epilog="Example: ocr-index evaluate recognizer words.csv")
def evaluate() -> None:
    """Measure a model on labelled data."""


@evaluate.command(
    "recognizer", epilog="Example: ocr-index evaluate recognizer words.csv --weights last.safetensors"
)
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--weights", metavar="FILE", default="default", help="Weights file; else the one that ships.")
@click.option("--words", metavar="N", type=click.IntRange(1), help="So many words at most.")
@click.option("--sheet", metavar="FILE", type=picture_path, help="Draw the worst and the reliability there.")
@click.option("--no-language", is_flag=True, help="The network alone, without what it knows of words.")
@json_option
def evaluate_recognizer(
    data: Path, weights: str, words: int | None, sheet: Path | None, no_language: bool, as_json: bool
) -> None:
    """Read labelled pictures of words and say how well that went.

    DATA is a CSV or JSON Lines file with the columns image and text, or a list of IAM, MJSynth, kraken or
    PaddleOCR, or a folder with one of these.
    """
    from recognizer import load
    from recognizer.datasets import loaded, open_dataset
    from recognizer.evaluation import evaluate

    samples = loaded(islice(open_dataset(data), words), partial(click.echo, err=True))
    pairs = ((sample.text, pixels) for sample, pixels in samples)
    found = evaluate(load(weights), pairs, language=not no_language)
    print_text(found.as_json() if as_json else found.as_list())
    if sheet:
        found.as_picture().save(sheet)
