"""Which characters our recognizer takes for which: makes search/confusions.json.

    python benchmarks/confusions.py ../shared --write

Reads drawn words of writers that it was not trained on and aligns the best path with the truth. A confusion
that is made in every 400th such character or less costs 1, a common one as little as 0.4.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from recognizer import load
from recognizer.decode import best_path
from recognizer.train import validation_set
from search.fuzzy import CONFUSIONS
from search.words import CLASSES, terms

NOTHING = "-"
CHEAPEST = 0.4
RARE = 6.0
"""-ln of the share of characters at which a confusion costs 1."""

KNOWN = 20.0
"""Characters that are believed to have been seen without confusion, against chance in small numbers."""

Pairs = Iterable[tuple[str, str]]


def read(shared: Path, words: int) -> Iterator[tuple[str, str]]:
    """True and read texts, folded, letters and digits alone."""
    recognizer = load("default")
    samples = validation_set(shared, recognizer.alphabet, words)
    lattices = recognizer.lattices([sample.strip for sample in samples])
    for sample, lattice in zip(samples, lattices, strict=True):
        seen = best_path(lattice, recognizer.alphabet).text
        yield "".join(terms(sample.text)), "".join(terms(seen))


def confusions(pairs: Pairs) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """How often each (true, read) pair occurs, and each true character; hopeless readings are left out."""
    pairs_seen: Counter[tuple[str, str]] = Counter()
    written: Counter[str] = Counter()
    for true, seen in pairs:
        if len(true) < 2 or Levenshtein.distance(true, seen) > max(1, len(true) // 2):
            continue
        written.update(true)
        for edit in Levenshtein.editops(true, seen):
            lost = NOTHING if edit.tag == "insert" else true[edit.src_pos]
            pairs_seen[lost, NOTHING if edit.tag == "delete" else seen[edit.dest_pos]] += 1
    written[NOTHING] = sum(written.values()) // len(CLASSES)
    return pairs_seen, written


def costs(pairs: Counter[tuple[str, str]], written: Counter[str]) -> NDArray[np.float64]:
    """What `search.fuzzy.Confusions` takes."""
    characters = CLASSES + NOTHING
    share = [[(pairs[a, b] + 0.3) / (written[a] + KNOWN) for b in characters] for a in characters]
    return np.clip(-np.log(share) / RARE, CHEAPEST, 1.0).round(2)


def main() -> None:
    """Print the commonest confusions, and write the costs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--words", type=int, default=4000)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    pairs, written = confusions(read(asked.shared, asked.words))
    for (a, b), count in pairs.most_common(30):
        print(f"{a} -> {b}  {count}")
    if asked.write:
        text = json.dumps({"characters": CLASSES + NOTHING, "costs": costs(pairs, written).tolist()})
        CONFUSIONS.write_text(text.replace("], ", "],\n") + "\n", "utf-8")


if __name__ == "__main__":
    main()
