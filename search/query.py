"""What people type -> a query tree. The parser takes anything; what makes no sense counts as words."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from search.words import folded, terms


@dataclass(frozen=True, slots=True)
class Term:
    """One word; `exact` allows no misspelling, `prefix` any ending, `loose` more misspelling than usual."""

    text: str
    exact: bool = False
    prefix: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand side by side."""

    words: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Something that must not be there."""

    node: Node


@dataclass(frozen=True, slots=True)
class All:
    """All of these are wanted."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """Any of these will do."""

    nodes: tuple[Node, ...]


Node = Term | Phrase | Not | All | Any_

_TOKEN = re.compile(r'"([^"]*)"?|(\()|(\))|([^\s"()]+)')
_OR = frozenset({"OR", "|", "||"})
_AND = frozenset({"AND", "&", "&&"})


@dataclass(frozen=True, slots=True)
class Filters:
    """Which photos a query is about, whatever is written on them."""

    folders: tuple[str, ...] = ()
    after: date | None = None
    before: date | None = None


_WORD = re.compile(r"[^\W_]+")
_FILTER = re.compile(r'(?<!\S)(in|after|before):(?:"([^"]+)"|(\S+))', re.IGNORECASE)


def filters(text: str) -> tuple[str, Filters]:
    """`text` without `in:folder`, `after:2024-01` and `before:2024`, and what they say.

    What is no date stays in the text and counts as words.
    """
    folders: list[str] = []
    days: dict[str, date] = {}

    def taken(match: re.Match[str]) -> str:
        name, value = match[1].lower(), match[2] or match[3]
        if name == "in":
            folders.append(value)
        elif day := day_of(value):
            days[name] = day
        else:
            return match[0]
        return " "

    rest = _FILTER.sub(taken, text)
    return rest, Filters(tuple(folders), days.get("after"), days.get("before"))


def day_of(text: str) -> date | None:
    """The day that `text` names; a month or a year means its first day; None if it is no date."""
    for rest in ("", "-01", "-01-01"):
        with suppress(ValueError):
            return date.fromisoformat(text + rest)
    return None


def parse(text: str, exact: bool = False) -> Node:
    """The query tree of `text`: words, "phrases", -not, OR, (groups), prefix*, =exact, ~loose.

    Words all count unless OR stands between them. Unbalanced quotes and parentheses end with the text.
    """
    return _Parser(_TOKEN.findall(text), exact).all_of()


class _Parser:
    def __init__(self, tokens: list[tuple[str, str, str, str]], exact: bool) -> None:
        self._tokens = tokens
        self._exact = exact
        self._at = 0

    def all_of(self) -> Node:
        """Everything up to a closing parenthesis or the end."""
        alternatives: list[list[Node]] = [[]]
        negated = False
        while self._at < len(self._tokens):
            quoted, opening, closing, bare = self._tokens[self._at]
            self._at += 1
            if closing:
                break
            if bare in _OR:
                alternatives.append([])
                continue
            if bare in _AND:
                continue
            if bare in {"-", "NOT"}:
                negated = True
                continue
            node = self.all_of() if opening else self._bare(bare) if bare else self._phrase(quoted)
            alternatives[-1].append(Not(node) if negated else node)
            negated = False
        found = tuple(All(tuple(nodes)) for nodes in alternatives if nodes)
        return found[0] if len(found) == 1 else Any_(found)

    def _bare(self, token: str) -> Node:
        if len(token) > 1 and token[0] == "-" and token[1] not in "-":
            return Not(self._bare(token[1:]))
        exact, loose = token.startswith("="), token.startswith("~")
        prefix = token.endswith("*")
        words = terms(token)
        if len(words) > 1 and not prefix:  # "W-2", "e-mail", "don't": one thing with marks inside
            return Any_((Term("".join(words), exact or self._exact), self._side_by_side(words)))
        found = tuple(Term(w, exact or self._exact, prefix, loose) for w in words)
        return found[0] if len(found) == 1 else All(found)

    def _side_by_side(self, words: list[str]) -> Node:
        return Phrase(tuple(Term(w, self._exact) for w in words))

    def _phrase(self, quoted: str) -> Node:
        words = terms(quoted)
        return self._side_by_side(words) if len(words) > 1 else All(tuple(Term(w, True) for w in words))


def ways(node: Node, stands: Callable[[str], bool]) -> list[Node]:
    """How `node` may be meant: as typed, and with two neighbours written as one word where that `stands`.

    People type "road map" for "roadmap"; nothing on such a photo speaks for "road" as a word.
    """
    nodes = node.nodes if isinstance(node, All) else ()
    plain = [_plain_word(one) for one in nodes]
    found = [node]
    for at, (left, right) in enumerate(pairwise(plain)):
        if left and right and stands(left + right):
            found.append(All((*nodes[:at], Term(left + right), *nodes[at + 2 :])))
    return found


def _plain_word(node: Node) -> str:
    """The word that `node` is; nothing if it is anything else."""
    if isinstance(node, All) and len(node.nodes) == 1:
        return _plain_word(node.nodes[0])
    return node.text if isinstance(node, Term) and node == Term(node.text) else ""


def corrected(text: str, word: str, other: str) -> str:
    """The query `text` with `other` in place of `word`, in any case; `other` alone if `word` is not in it."""
    changed = _WORD.sub(lambda match: other if folded(match[0]) == word else match[0], text)
    return " ".join(changed.split()) if changed != text else other


def is_question(text: str) -> bool:
    """Whether `text` names a word that should be there."""
    return bool(wanted(parse(filters(text)[0])))


def wanted(node: Node) -> list[Term]:
    """The words of the tree that should be there, each once, in the order typed."""
    return list(dict.fromkeys(_wanted(node)))


def _wanted(node: Node) -> list[Term]:
    if isinstance(node, Term):
        return [node]
    if isinstance(node, Not):
        return []
    parts = node.words if isinstance(node, Phrase) else node.nodes
    return [term for part in parts for term in _wanted(part)]


def every(node: Node) -> list[Term]:
    """All words of the tree, unwanted ones as well."""
    if isinstance(node, Term):
        return [node]
    parts: tuple[Node, ...] = (
        (node.node,) if isinstance(node, Not) else node.words if isinstance(node, Phrase) else node.nodes
    )
    return list(dict.fromkeys(term for part in parts for term in every(part)))


def is_same(term: str, text: str) -> bool:
    """Whether `text` is `term` but for case, accents and marks."""
    return "".join(terms(folded(text))) == term
