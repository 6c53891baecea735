"""The commands about models: list, train, evaluate."""

from __future__ import annotations

import math
from functools import partial
from itertools import islice
from pathlib import Path

import click

from indexer.commands import archive_option, data_folder, json_option, print_text


@click.command(epilog="Example: ocr-index models --json")
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


@click.group(epilog="Example: ocr-index train recognizer runs/first --data ../data")
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


@click.group(epilog="Example: ocr-index evaluate recognizer words.csv")
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
