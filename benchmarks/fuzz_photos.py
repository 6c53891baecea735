"""Open damaged photos of all kinds: none may crash or hang, and each that is not read gets a reason.

    python -m benchmarks.fuzz_photos [--count 2000] [--seed 1] [--reasons]

Small photos are drawn, saved in every format, and then cut, bit-flipped, overwritten, spliced and given the
name of another kind. They are opened in a process of its own, which is started anew if it dies or does not
answer for `PATIENCE` seconds. Ends with exit code 1 if that happened, or if anything but a `PhotoError` came.
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from PIL import Image, ImageDraw

from indexer.photo import PhotoError, open_pages

PATIENCE = 30.0
"""Seconds for one photo of some 10 kB."""

READ, REFUSED, FAULT, CRASH, HANG = "read", "refused", "fault", "crash", "hang"


@dataclass(frozen=True)
class Trial:
    """What became of one damaged photo."""

    number: int
    kind: str
    damage: str
    outcome: str
    reason: str = ""
    seconds: float = 0.0
    peak: int = 0
    """Most memory that the process has held until then, bytes."""


def drawing(width: int = 200, height: int = 150) -> Image.Image:
    """A board with something on it."""
    image = Image.new("RGB", (width, height), (235, 232, 220))
    pen = ImageDraw.Draw(image)
    for step in range(0, width, 9):
        pen.line((step, 10, width - step, height - 10), fill=(step, 40, 255 - step), width=2)
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of a file of that kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def originals() -> dict[str, bytes]:
    """Undamaged files, by kind."""
    image = drawing()
    notes = Image.Exif()
    notes[0x0112] = 6
    notes.get_ifd(0x8769)[0x9003] = "2024:02:29 12:30:00"
    exif = notes.tobytes()
    return {
        "JPEG": saved(image, "JPEG", exif=exif),
        "JPEG progressive": saved(image, "JPEG", progressive=True, exif=exif),
        "PNG": saved(image, "PNG", exif=exif),
        "PNG palette": saved(image.quantize(32), "PNG"),
        "HEIC": saved(image, "HEIF", exif=exif),
        "TIFF": saved(image, "TIFF", exif=exif),
        "TIFF pages": saved(image, "TIFF", save_all=True, append_images=[image] * 3, compression="tiff_lzw"),
        "TIFF JPEG": saved(image, "TIFF", compression="jpeg"),
        "TIFF G4": saved(image.convert("1"), "TIFF", compression="group4"),
        "PDF": saved(image, "PDF", save_all=True, append_images=[image]),
        "WebP": saved(image, "WEBP", exif=exif),
        "GIF": saved(image, "GIF"),
        "BMP": saved(image, "BMP"),
    }


def cut(content: bytes, chance: random.Random) -> bytes:
    """Broken off somewhere."""
    return content[: chance.randrange(len(content))]


def flipped(content: bytes, chance: random.Random) -> bytes:
    """One to thirty bits are wrong; mostly early ones, where the structure is."""
    damaged = bytearray(content)
    reach = chance.choice((64, 512, len(content)))
    for _ in range(chance.randint(1, 30)):
        damaged[chance.randrange(min(reach, len(content)))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def overwritten(content: bytes, chance: random.Random) -> bytes:
    """A stretch of zeros, ones or noise, as from a failing disk."""
    start = chance.randrange(len(content))
    size = chance.choice((4, 16, 512, 4096))
    noise = chance.choice((bytes(size), b"\xff" * size, chance.randbytes(size)))
    return (content[:start] + noise + content[start + size :])[: len(content)]


def doubled(content: bytes, chance: random.Random) -> bytes:
    """A stretch stands there twice, so that all that follows is displaced."""
    start = chance.randrange(len(content))
    return content[: start + chance.randrange(1, 600)] + content[start:]


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (cut, flipped, overwritten, doubled)
SUFFIXES = (".jpg", ".png", ".heic", ".tif", ".pdf", ".webp", ".gif", ".bmp", "")


def damaged(count: int, seed: int) -> Iterator[tuple[str, str, str, bytes]]:
    """Kind, damage, suffix and bytes of each input; the same for the same seed."""
    files = originals()
    kinds = list(files)
    for number in range(count):
        chance = random.Random(seed * 1_000_003 + number)
        kind = kinds[number % len(kinds)]
        damage = DAMAGES[number // len(kinds) % len(DAMAGES)]
        content = damage(files[kind], chance)
        if chance.random() < 0.1:
            other = files[chance.choice(kinds)]
            content = content[: len(content) // 2] + other[len(other) // 2 :]
        yield kind, damage.__name__, chance.choice(SUFFIXES), content


def attempt(path: Path) -> tuple[str, str]:
    """What becomes of opening the file, and why."""
    try:
        for _ in open_pages(path):
            pass
    except PhotoError as error:
        told = bool(error.reason) and "\n" not in error.reason
        return (REFUSED, error.reason) if told else (FAULT, f"no reason: {error.reason!r}")
    except Exception as error:
        return FAULT, f"{type(error).__name__}: {error}"
    return READ, ""


def work(answers: Connection, count: int, seed: int, first: int) -> None:
    """Open the inputs from `first` on and tell of each, first that it is in hand."""
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", module=r"PIL\.")  # as `indexer.raster` has it
    with tempfile.TemporaryDirectory() as folder:
        for number, (kind, damage, suffix, content) in enumerate(damaged(count, seed)):
            if number < first:
                continue
            path = Path(folder) / f"photo{suffix}"
            path.write_bytes(content)
            answers.send(Trial(number, kind, damage, CRASH))
            start = time.perf_counter()
            outcome, reason = attempt(path)
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            answers.send(Trial(number, kind, damage, outcome, reason, seconds, peak))
            path.unlink()


def trials(count: int, seed: int) -> Iterator[Trial]:
    """All of them, whatever becomes of the processes that open the photos."""
    context = multiprocessing.get_context("spawn")
    first = 0
    while first < count:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(theirs, count, seed, first))
        process.start()
        theirs.close()
        for trial in heard(ours):
            yield trial
            first = trial.number + 1
        process.kill()
        process.join()


def heard(answers: Connection) -> Iterator[Trial]:
    """What one process says, until it ends, dies or falls silent over a photo."""
    in_hand: Trial | None = None
    while answers.poll(PATIENCE):
        try:
            trial: Trial = answers.recv()
        except EOFError:
            break
        if trial.outcome != CRASH:
            yield trial
        in_hand = trial if trial.outcome == CRASH else None
    else:
        if in_hand is not None:
            yield Trial(in_hand.number, in_hand.kind, in_hand.damage, HANG)
        return
    if in_hand is not None:
        yield in_hand


def report(done: list[Trial], with_reasons: bool) -> None:
    """Print a line a kind, then the reasons, the slowest and the largest."""
    outcomes = (READ, REFUSED, FAULT, CRASH, HANG)
    print(f"{'kind':18}" + "".join(f"{outcome:>9}" for outcome in outcomes))
    for kind in [*dict.fromkeys(trial.kind for trial in done), "all"]:
        count = Counter(trial.outcome for trial in done if kind in (trial.kind, "all"))
        print(f"{kind:18}" + "".join(f"{count[outcome]:9}" for outcome in outcomes))
    for trial in done:
        if trial.outcome in (FAULT, CRASH, HANG):
            print(f"{trial.outcome} of input {trial.number} ({trial.kind}, {trial.damage}): {trial.reason}")
    if with_reasons:
        for reason, times in Counter(trial.reason for trial in done if trial.reason).most_common():
            print(f"{times:6}  {reason}")
    slowest = max(done, key=lambda trial: trial.seconds)
    print(f"slowest: {slowest.seconds:.2f} s ({slowest.kind}, {slowest.damage}, input {slowest.number})")
    print(f"peak memory: {max(trial.peak for trial in done) / 2**20:.0f} MiB")


def main() -> int:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reasons", action="store_true", help="list them")
    options = parser.parse_args()
    done = list(trials(options.count, options.seed))
    report(done, options.reasons)
    assert len(done) == options.count
    return int(any(trial.outcome in (FAULT, CRASH, HANG) for trial in done))


if __name__ == "__main__":
    sys.exit(main())
