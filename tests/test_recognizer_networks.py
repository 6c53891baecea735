"""The networks: each learns, reads, is saved and found again by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from detector import weights
from recognizer import load
from recognizer.alphabet import Alphabet
from recognizer.attention import Decoder
from recognizer.language import Language
from recognizer.model import NETWORKS, Straightener, TorchRecognizer, build, pad, tensors_of
from recognizer.plan import Plan
from recognizer.synthesis import Sample
from recognizer.train import TrainingError, _begin, learn

SMALL = {"height": 32, "hidden": 8}
LETTERS = Alphabet("ab")


def language_of(file: Path) -> Language:
    found = load(str(file)).language
    assert isinstance(found, Language)
    return found


def stripes(text: str) -> Sample:
    """A thin stroke for each a, a thick one for each b."""
    strip = np.zeros((32, 24 * len(text)), np.float32)
    for place, letter in enumerate(text):
        strip[4:28, 24 * place + 6 : 24 * place + (9 if letter == "a" else 18)] = 1
    return Sample(strip, text)


class Stripes:
    """Draws such words, and is measured on two."""

    words: ClassVar = {"ab": 2, "ba": 1}

    def draw(self, rng: np.random.Generator) -> Sample:
        return stripes("".join(rng.choice(["a", "b"], int(rng.integers(1, 4)))))

    def source(self, _alphabet: Alphabet, _seen: int) -> Stripes:
        return self

    def held_out(self, _alphabet: Alphabet) -> list[Sample]:
        return [stripes("ab"), stripes("ba")]


class Silent(Stripes):
    """Does not say what it draws."""

    words: ClassVar = {}


def plan(name: str, words: int = 16) -> Plan:
    return Plan(name, SMALL, words=words, batch=8, warm=8, workers=0, every=16, data=[])


@pytest.mark.parametrize("name", NETWORKS)
def test_each_is_trained_saved_and_read_with(name: str, tmp_path: Path) -> None:
    made = learn(tmp_path, Stripes(), plan(name))
    assert weights.read_card(made).architecture == name
    reader = load(str(made))
    strips = [stripes("ab").strip, stripes("bab").strip]
    lattices = reader.lattices(strips)
    per_frame = 2 if name == "attention" else 1
    assert [len(x.log_probs) for x in lattices] == [12 * per_frame, 18 * per_frame]
    assert all(np.allclose(np.exp(x.log_probs).sum(1), 1, atol=1e-4) for x in lattices)


def test_weights_know_the_words_they_learned_from(tmp_path: Path) -> None:
    first = learn(tmp_path / "first", Stripes(), plan("crnn"))
    language = language_of(first)
    assert language.words == Stripes.words
    again = learn(tmp_path / "first", Silent(), plan("crnn", 32))
    assert language_of(again)("ab") == language("ab"), "a resumed run knows them still"
    later = learn(tmp_path / "second", Silent(), plan("crnn"), start=first)
    assert language_of(later)("ab") == language("ab"), "and so does one that goes on from the weights"
    alone = learn(tmp_path / "third", Silent(), plan("crnn"))
    assert load(str(alone)).language is None


def test_a_deeper_network_begins_where_the_plain_one_ended(tmp_path: Path) -> None:
    first = learn(tmp_path / "first", Stripes(), plan("crnn"))
    began = _begin(plan("deep").following(first), first)
    strips = [stripes("ab").strip, stripes("bab").strip]
    plain = TorchRecognizer.load(str(first)).network(pad(strips))
    assert torch.allclose(began.network.eval()(pad(strips)), plain, atol=1e-5)
    later = learn(tmp_path / "second", Stripes(), plan("deep"), start=first)
    assert weights.read_card(later).architecture == "deep"
    assert language_of(later)("ab") == language_of(first)("ab")
    again = learn(tmp_path / "third", Stripes(), plan(""), start=later)
    assert weights.read_card(again).architecture == "deep", "without a name that of the weights"


@pytest.mark.parametrize(("name", "start"), [("light", "crnn"), ("crnn", "deep"), ("attention", "crnn")])
def test_a_network_cannot_begin_with_another_one(name: str, start: str, tmp_path: Path) -> None:
    first = learn(tmp_path / "first", Stripes(), plan(start))
    with pytest.raises(weights.WeightsError, match=f"{name} cannot begin with"):
        learn(tmp_path / "second", Stripes(), plan(name), start=first)


def test_the_light_ones_have_fewer_weights_and_names_stay() -> None:
    def weighs(name: str) -> int:
        return sum(p.numel() for p in build(name, 10, {}).features.parameters())

    assert weighs("light") < weighs("crnn") / 3
    assert set(build("crnn", 10, {}).state_dict()) < set(build("crnn-stn", 10, {}).state_dict())
    assert not any("straighten" in name for name in build("crnn", 10, {}).state_dict())


def test_a_straightener_begins_by_changing_nothing_and_takes_back_slant() -> None:
    strips = torch.zeros(1, 1, 32, 64)
    strips[..., 8:24, 30:34] = 1
    one = Straightener()
    last = one.guess[-1]
    assert isinstance(last, torch.nn.Linear)
    assert torch.allclose(one(strips), strips, atol=1e-4)
    with torch.no_grad():
        last.bias[0] = 0.5  # slant alone
    with torch.inference_mode():
        bent = one(strips)[0, 0]
    columns = torch.arange(64.0)
    where = [(bent[row] * columns).sum() / bent[row].sum() for row in (9, 22)]
    assert abs(float(where[0] - where[1])) > 2
    assert float(bent.sum()) == pytest.approx(float(strips.sum()), rel=0.05), "nothing is lost"


def test_attention_spells_its_text_in_its_lattice() -> None:
    torch.manual_seed(2)
    frames = torch.randn(3, 6, 4)
    decoder = Decoder(LETTERS.size, 4, 8, 8)
    written = decoder(frames)
    assert written.shape == (12, 3, LETTERS.size)
    assert bool((written[1::2].argmax(2) == 0).all()), "blanks between"
    alone = decoder(frames[:1])
    assert torch.allclose(written[:, :1], alone, atol=1e-5), "no text depends on its neighbours in the batch"


def test_attention_learns_to_write() -> None:
    """On frames that say the letter outright, the loss falls to nothing, and it stops where the text ends."""
    torch.manual_seed(1)
    decoder = Decoder(LETTERS.size, 4, 32, 16)
    texts = [[1, 2, 2], [2, 1], [1]]
    frames = torch.zeros(3, 4, 4)
    for row, text in enumerate(texts):
        for place in range(4):
            frames[row, place, text[place] if place < len(text) else 0] = 1
    optimizer = torch.optim.Adam(decoder.parameters(), 0.02)
    first = float(decoder.loss(frames, texts).detach())
    for _ in range(200):
        optimizer.zero_grad()
        loss = decoder.loss(frames, texts)
        torch.autograd.backward(loss)
        optimizer.step()
    assert float(loss.detach()) < 0.25 * first
    with torch.inference_mode():
        best = decoder(frames).argmax(2).T.tolist()
    assert [[label for label in row if label] for row in best] == texts


def test_a_folder_with_a_run_of_another_network_is_left_alone(tmp_path: Path) -> None:
    learn(tmp_path, Stripes(), plan("light"))
    with pytest.raises(TrainingError, match="network light, not crnn"):
        learn(tmp_path, Stripes(), plan("crnn", 32))


def test_weights_bring_their_network_with_them(tmp_path: Path) -> None:
    first = learn(tmp_path / "first", Stripes(), plan("light"))
    second = learn(tmp_path / "second", Stripes(), replace(plan(""), settings={"height": 32}), start=first)
    card = weights.read_card(second)
    assert (card.architecture, card.settings, card.parent) == ("light", SMALL, weights.sha256_of(first))


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    weights.save(tmp_path / "x", tensors_of(build("crnn", 3, SMALL)), weights.Card("detector", "finder"))
    with pytest.raises(weights.WeightsError, match="name another file"):
        load(str(tmp_path / "x"))
