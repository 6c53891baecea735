"""What our ranking makes of the words that other engines read, beside a plain ranker.

    python benchmarks/peer_words.py ../shared

Takes the words and confidences in eval/peers as they are, without lattices, asks the queries of eval/score.py
and prints the rows of that script for both rankers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import search
from search.index import Entry, Index, Word


def entries(words: Path) -> Iterator[Entry]:
    """One photo a line of `words`, in the form of eval/peers."""
    for number, line in enumerate(words.read_text("utf-8").splitlines(), 1):
        row = json.loads(line)
        yield Entry(number, (f"/{row['image']}",), 0.0, tuple(told(row["words"])))


def told(words: list[dict[str, Any]]) -> Iterator[Word]:
    """The words of one photo as search knows them: a text, a confidence, no lattice."""
    for number, word in enumerate(words):
        x0, y0, x1, y1 = word["box"]
        confidence = min(0.999, float(word["conf"]))
        yield Word(number, (x0, y0, x1, y1), number, 1.0, ((word["text"], confidence),))


def hits(words: Path, queries: Path, out: Path) -> None:
    """Answer `queries` on an index of `words` and write the hits as JSON lines."""
    with tempfile.TemporaryDirectory() as home, out.open("w") as lines:
        with Index(Path(home) / "index").writer() as batch:
            for entry in entries(words):
                batch.put(entry)
        searcher = search.open(Path(home))
        for query in queries.read_text("utf-8").splitlines():
            for hit in searcher.find(query, limit=1000):
                row = {"query": query, "rank": hit.rank, "path": hit.path, "score": hit.score}
                lines.write(json.dumps(row) + "\n")


def main() -> None:
    """Print both rows for each engine."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    shared = parser.parse_args().shared
    score = [sys.executable, shared / "eval" / "score.py", shared / "photos" / "truth.jsonl"]
    with tempfile.TemporaryDirectory() as folder:
        queries, found = Path(folder) / "queries.txt", Path(folder) / "hits.jsonl"
        subprocess.run([*score, "--queries", queries], check=True)
        for words in sorted((shared / "eval" / "peers").glob("*.jsonl")):
            hits(words, queries, found)
            subprocess.run([*score, words, "--hits", found], check=True)


if __name__ == "__main__":
    main()
