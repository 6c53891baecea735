"""Which words to ask a person about first: those whose label helps search most.

A label makes a word sure. What that is worth is summed over the texts t that may stand there:

    gain = sum over t of  value(t) * P(t) * missed(best(t)),   missed(p) = FOUND / (FOUND + p)

P(t) is the chance that the word reads t, best(t) how sure search is of t on that photo already, and missed(p)
how likely people who ask for t miss the photo while search is no surer than p: hardly ever once any reading
says it, for few other photos come before it then. value(t) is how much one more photo helps these people: how
often they ask (the query log, else alike for every t that is a word), divided by the photos that hold t,
since nobody needs the hundredth. What no kept reading says counts as some word that nobody else wrote and
that search misses. Words that look alike are asked in one question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import accumulate

from sqlalchemy import Connection, func, select

from indexer.tables import files, labels, photos, words
from indexer.written import stored_words
from search.fuzzy import reach, within
from search.words import terms

PHOTOS, WORDS = 1000, 12_000
"""Photos looked at for one round of questions, and about so many words on them at most, lest people wait.
Where there are more they are drawn alike from the whole archive."""

ROUND = 100
"""Labels after which it is the turn of other photos."""

SHORTEST = 3
"""Letters from which a text is a word that people search for."""

FOUND = 0.02
"""Probability at which a text is missed half as often as one that no reading says. Of the photos with a word
that no kept reading says, search put one in six after others; of those with another word one in a hundred."""

OFTEN = 9.0
"""How much more the most frequent query counts than a word that nobody has asked for yet."""

MISREAD = 0.2
"""What an edit between a reading and a query leaves of the reading's chance."""

ALIKE, MOST_ALIKE = 0.12, 20
"""Chance from which a word may be asked together with another for the same text, and how many at once."""

SEEN = 0.85
"""What a further question about the same photo is worth, beside the one before."""

GLANCE = 0.25
"""Cost of looking at one more word that looks alike, where answering a question costs 1."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that nobody has labelled: texts with their chances, best first."""

    id: int
    photo: int
    readings: tuple[tuple[str, float], ...]
    chance: float = 1.0
    """Probability that there is writing at all."""


@dataclass(frozen=True, slots=True)
class Question:
    """Ask for the first word, and whether the others say the same."""

    words: tuple[int, ...]
    text: str
    """What they probably say."""
    gain: float
    """Expected gain for search, in no unit; questions come in its order."""


def candidates(
    connection: Connection, skipped: Collection[int] = ()
) -> tuple[list[Candidate], dict[int, set[str]]]:
    """The words to choose from, on files and without a label; and photo -> terms that labels say."""
    ids = _drawn(connection)
    waiting: list[Candidate] = []
    said: dict[int, set[str]] = defaultdict(set)
    for photo, found in stored_words(connection, ids).items():
        for word in found:
            if word.label is not None:
                said[photo].update(terms(word.label))
            elif word.id not in skipped:
                readings = tuple((r.text, r.probability) for r in word.readings)
                waiting.append(Candidate(word.id, photo, readings, word.box.chance))
    return waiting, dict(said)


def _drawn(connection: Connection) -> list[int]:
    """Some photos on files: the same ones for a ROUND of labels, as long as there are the same photos."""
    turn = int(connection.execute(select(func.count()).select_from(labels)).scalar_one()) // ROUND
    mixed = ((photos.c.id + turn) * 2654435761) % 4294967296  # a multiplicative hash
    shown = select(files.c.content_id).where(files.c.content_id.is_not(None))
    on_files = select(photos.c.id).where(photos.c.content_id.in_(shown), photos.c.read_at.is_not(None))
    ids = connection.execute(on_files.order_by(mixed).limit(PHOTOS)).scalars().all()
    counted = select(words.c.photo_id, func.count().label("held")).where(words.c.photo_id.in_(ids))
    counts = {row.photo_id: row.held for row in connection.execute(counted.group_by(words.c.photo_id))}
    before = accumulate((counts.get(photo, 0) for photo in ids), initial=0)
    return [photo for photo, held in zip(ids, before, strict=False) if held < WORDS]


def order(
    words: Sequence[Candidate],
    limit: int,
    queries: Mapping[str, float] | None = None,
    said: Mapping[int, Collection[str]] | None = None,
    together: bool = True,
) -> list[Question]:
    """The first `limit` questions, best first.

    `queries`: term -> how often it was asked for. `said`: photo -> terms that labels say stand there. With
    `together`, words that look alike are asked in one question.
    """
    return _Queue(words, queries or {}, said or {}).take(limit, together)


class _Queue:
    """Greedy choice. Gains only fall while words are taken, so the top one is rated anew (Minoux 1978)."""

    def __init__(
        self, words: Sequence[Candidate], queries: Mapping[str, float], said: Mapping[int, Collection[str]]
    ) -> None:
        self._words = {word.id: word for word in words}
        self._queries = queries
        self._asked = max(queries.values(), default=0.0)
        raw = {word.id: _terms(word) for word in words}
        self._holding = _holding(words, raw, said)
        self._likely = {word.id: self._believed(raw[word.id]) for word in words}
        self._sure: dict[int, dict[str, float]] = defaultdict(dict)
        for word in words:
            _raise(self._sure[word.photo], self._likely[word.id])
        for photo, found in said.items():
            self._sure[photo].update(dict.fromkeys(found, 1.0))
        self._seen: dict[int, int] = defaultdict(int)
        self._alike: dict[str, list[int]] = defaultdict(list)
        for word in words:
            for term, chance in self._likely[word.id].items():
                if chance >= ALIKE and len(term) >= SHORTEST:
                    self._alike[term].append(word.id)

    def take(self, limit: int, together: bool) -> list[Question]:
        """The best question, then the best of the rest, and so on."""
        heap = [(-self._gain(number), number) for number in self._words]
        heapify(heap)
        questions: list[Question] = []
        left = set(self._words)
        while heap and len(questions) < limit:
            _, number = heappop(heap)
            if number not in left:
                continue
            gain = self._gain(number)
            if heap and gain < -heap[0][0] - 1e-12:
                heappush(heap, (-gain, number))
                continue
            left.discard(number)
            question = self._question(number, gain, left if together else set())
            left.difference_update(question.words)
            questions.append(question)
            self._answered(question)
        return questions

    def _believed(self, raw: Mapping[str, float]) -> dict[str, float]:
        """Chances of terms: those that were read, and queries like the best of them."""
        found = {**self._near_queries(raw), **raw}
        whole = max(1.0, sum(found.values()))
        return {term: chance / whole for term, chance in found.items()}

    def _near_queries(self, raw: Mapping[str, float]) -> dict[str, float]:
        """What people ask for and the best reading resembles, though no reading is it."""
        if not raw or not self._queries:
            return {}
        best = max(raw, key=lambda term: raw[term])
        return {
            term: raw[best] * MISREAD**distance
            for term, distance in within(best, list(self._queries), reach(best))
            if term not in raw
        }

    def _value(self, term: str) -> float:
        if len(term) < SHORTEST:
            return 0.0
        often = 1.0 + OFTEN * self._queries.get(term, 0.0) / self._asked if self._asked else 1.0
        return often / max(1.0, self._holding.get(term, 0.0))

    def _gain(self, number: int) -> float:
        word = self._words[number]
        sure, total, rest = self._sure[word.photo], 0.0, 1.0
        for term, chance in self._likely[number].items():
            total += self._value(term) * chance * FOUND / (FOUND + sure.get(term, 0.0))
            rest -= chance
        if word.readings and len("".join(terms(word.readings[0][0]))) >= SHORTEST:
            total += max(0.0, rest)
        return total * word.chance * SEEN ** self._seen[word.photo]

    def _question(self, number: int, gain: float, left: Collection[int]) -> Question:
        """With the words that look alike, as long as each is worth a glance."""
        readings, likely = self._words[number].readings, self._likely[number]
        if not likely:
            return Question((number,), readings[0][0] if readings else "", gain)
        term = max(likely, key=lambda term: likely[term])
        others = ((self._gain(n), n) for n in self._alike.get(term, ()) if n in left)
        chosen = sorted((worth, n) for worth, n in others if worth > GLANCE * gain)[:-MOST_ALIKE:-1]
        text = next((text for text, _ in readings if term in terms(text)), term)
        words = (number, *(n for _, n in chosen))
        return Question(words, text, gain + sum(worth for worth, _ in chosen))

    def _answered(self, question: Question) -> None:
        """From now on the photos have been asked about, and are taken to hold what was guessed."""
        for number in question.words:
            photo = self._words[number].photo
            self._seen[photo] += 1
            _raise(self._sure[photo], dict.fromkeys(terms(question.text), 1.0))


def _terms(word: Candidate) -> dict[str, float]:
    """Term -> chance that the word is it; readings that differ in case alone are one."""
    found: dict[str, float] = defaultdict(float)
    for text, chance in word.readings:
        for term in terms(text):
            found[term] = min(1.0, found[term] + chance)
    return dict(found)


def _holding(
    words: Iterable[Candidate], likely: Mapping[int, Mapping[str, float]], said: Mapping[int, Collection[str]]
) -> dict[str, float]:
    """Term -> how many photos hold it, as far as anybody can tell."""
    by_photo: dict[int, dict[str, float]] = defaultdict(dict)
    for word in words:
        _raise(by_photo[word.photo], likely[word.id])
    for photo, found in said.items():
        by_photo[photo].update(dict.fromkeys(found, 1.0))
    total: dict[str, float] = defaultdict(float)
    for chances in by_photo.values():
        for term, chance in chances.items():
            total[term] += chance
    return dict(total)


def _raise(chances: dict[str, float], others: Mapping[str, float]) -> None:
    """Let `chances` be at least `others`."""
    for term, chance in others.items():
        chances[term] = max(chance, chances.get(term, 0.0))
