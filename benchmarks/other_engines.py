"""The same readings in SQLite FTS5 and, where it is installed, in Tantivy, beside our search.

    python benchmarks/other_engines.py ARCHIVE ../shared [--every 4]        # pip install tantivy for its rows

All readings of ../shared/photos/dev go into each engine. "As typed" is the engine alone: trigrams of FTS5
ranked by its BM25, fuzzy terms of Tantivy (one edit up to four letters, else two). "Our expansion" hands each
engine the terms that we look for and ranks by the best of similarity times probability: only the store
differs.
Prints mean average precision and CPU milliseconds a query.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import search
from benchmarks.ranking import MOST_EDITS, Rankers, by_words, maximum, precision, scorer
from search.snapshot import Snapshot
from search.words import terms

Scores = Mapping[int, float]
Row = tuple[int, str, float]
"""Photo number, term, probability."""


def rows(snapshot: Snapshot) -> Iterator[Row]:
    """All readings of all photos."""
    for number in range(len(snapshot)):
        best: dict[str, float] = defaultdict(float)
        for word in snapshot.entry(number).words:
            for text, probability in word.readings:
                for term in terms(text):
                    best[term] = max(best[term], probability)
        yield from ((number, term, probability) for term, probability in best.items())


def expanded(snapshot: Snapshot, word: str) -> dict[str, float]:
    """The terms that we look for, and how alike each is."""
    near = snapshot.close_terms("read", word, MOST_EDITS)
    return {term: math.exp(-3 * distance / len(word)) for term, distance in near}


class Fts5:
    """SQLite's full-text search: a photo a document for trigrams, a posting a row for our expansion."""

    def __init__(self, found: list[Row]) -> None:
        self._base = sqlite3.connect(":memory:")
        self._base.execute("CREATE VIRTUAL TABLE photos USING fts5(text, tokenize='trigram')")
        self._base.execute(
            "CREATE VIRTUAL TABLE postings USING fts5(term, photo UNINDEXED, weight UNINDEXED)"
        )
        texts: dict[int, list[str]] = defaultdict(list)
        for number, term, _ in found:
            texts[number].append(term)
        documents = [(number, " ".join(words)) for number, words in texts.items()]
        self._base.executemany("INSERT INTO photos(rowid, text) VALUES (?, ?)", documents)
        postings = [(term, number, weight) for number, term, weight in found]
        self._base.executemany("INSERT INTO postings VALUES (?, ?, ?)", postings)

    def alone(self, word: str) -> Scores:
        """Photos that share trigrams with `word`, by BM25."""
        grams = {word[n : n + 3] for n in range(len(word) - 2)}
        asked = " OR ".join(f'"{gram}"' for gram in sorted(grams))
        sql = "SELECT rowid, -rank FROM photos WHERE photos MATCH ?"
        return dict(self._base.execute(sql, (asked,))) if grams else {}

    def postings(self, near: Mapping[str, float]) -> Iterator[tuple[int, float]]:
        """Photos of the terms `near`, similarity times probability."""
        asked = " OR ".join(f'"{term}"' for term in near)
        sql = "SELECT term, photo, weight FROM postings WHERE postings MATCH ?"
        found = self._base.execute(sql, (asked,)) if near else ()
        return ((number, near[term] * weight) for term, number, weight in found)


class Tantivy:
    """Tantivy, with a posting a document."""

    def __init__(self, found: list[Row]) -> None:
        self._module: Any = import_module("tantivy")
        schema = self._module.SchemaBuilder().add_text_field("term", stored=True, tokenizer_name="raw")
        schema = schema.add_integer_field("photo", stored=True).add_float_field("weight", stored=True)
        self._index = self._module.Index(schema.build())
        writer = self._index.writer()
        for number, term, weight in found:
            writer.add_document(self._module.Document(term=term, photo=number, weight=weight))
        writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    def alone(self, word: str) -> Scores:
        """Photos with terms that Tantivy takes for `word`, by its own score times probability."""
        asked = self._module.Query.fuzzy_term_query(
            self._index.schema, "term", word, distance=1 if len(word) < 5 else 2
        )
        return maximum((n, s * w) for s, _, n, w in self._found(asked))

    def postings(self, near: Mapping[str, float]) -> Iterator[tuple[int, float]]:
        """Photos of the terms `near`, similarity times probability."""
        asked = self._module.Query.term_set_query(self._index.schema, "term", list(near))
        return ((n, near[t] * w) for _, t, n, w in self._found(asked)) if near else iter(())

    def _found(self, asked: Any) -> Iterator[tuple[float, str, int, float]]:
        for rank, address in self._searcher.search(asked, 10_000).hits:
            row = self._searcher.doc(address)
            yield rank, row["term"][0], row["photo"][0], row["weight"][0]


def main() -> None:
    """Print the table."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("archive", type=Path)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--every", type=int, default=4)
    asked = parser.parse_args()
    snapshot = search.open(asked.archive).snapshot
    names = [Path(snapshot.entry(n).paths[0]).name for n in range(len(snapshot))]
    score, truth, found = scorer(asked.shared), asked.shared / "photos" / "truth.jsonl", list(rows(snapshot))
    ours = Rankers(snapshot)
    table: dict[str, Callable[[str], Scores]] = {
        "ours, readings alone": lambda w: maximum(ours.alike(w)),
        "ours, lattices and readings": lambda w: maximum(ours.both(w)),
    }
    fts = Fts5(found)
    table |= {
        "FTS5 trigrams, as typed": fts.alone,
        "FTS5, our expansion": lambda w: maximum(fts.postings(expanded(snapshot, w))),
    }
    if find_spec("tantivy"):
        tantivy = Tantivy(found)
        table |= {
            "Tantivy, as typed": tantivy.alone,
            "Tantivy, our expansion": lambda w: maximum(tantivy.postings(expanded(snapshot, w))),
        }
    print("| engine | one word MAP | two words MAP | CPU ms a word |\n|---|---|---|---|")
    for name, formula in table.items():
        spent: list[float] = []

        def timed(
            word: str, formula: Callable[[str], Scores] = formula, spent: list[float] = spent
        ) -> Scores:
            begun = time.process_time()
            result = formula(word)
            spent.append(time.process_time() - begun)
            return result

        one, two = precision(score, truth, names, by_words(timed), asked.every)
        print(f"| {name} | {one:.3f} | {two:.3f} | {1000 * sum(spent) / len(spent):.1f} |", flush=True)


if __name__ == "__main__":
    main()
