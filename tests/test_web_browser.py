"""The page in a real browser: without a mouse, on a phone, in the dark."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, Pipe, browser, program, tab
from visitors import filled_archive, served, taught_archive

CHOSEN = "document.querySelector('.word.chosen title')?.textContent"
TOAST = "document.querySelector('#toast.shown')?.textContent"
USED = "document.querySelectorAll('.models-list .used b')[1]?.textContent"
"""The recognizer in use: the detector comes first."""
NAMES = "[...document.querySelectorAll('.card .name span')].map((one) => one.textContent)"


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    if program() is None and "CI" not in os.environ:
        pytest.skip("no Chromium on this machine")
    with browser(tmp_path_factory.mktemp("browser")) as pipe:
        yield pipe


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    with served(filled_archive(tmp_path / "archive")) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(pipe: Pipe, place: str) -> Iterator[Page]:
    """A tab of a desktop; whatever scripts or the content security policy complain of fails the test."""
    with tab(pipe) as page:
        page.screen(1200, 800)
        yield page
        assert page.complaints == []


def find(page: Page, place: str, query: str) -> None:
    """Type it into the box and wait for the answer."""
    page.open(f"{place}/")
    page.until("document.activeElement.id === 'q'")
    page.write(query)
    page.until(f"document.querySelector('#results').dataset.query === '{query}'")


def view(page: Page, place: str, query: str) -> None:
    """The best photo for it, by keys alone; its word is chosen."""
    find(page, place, query)
    page.press("ArrowDown", "Enter")
    page.until(f"location.pathname.startsWith('/photos/') && {CHOSEN}")


def test_a_word_is_found_corrected_found_anew_and_undone_without_a_mouse(page: Page, place: str) -> None:
    view(page, place, "roadmap")
    assert page.value(CHOSEN).startswith("roadmap ")
    page.press("Enter")
    page.until("document.activeElement.id === 'text'")
    page.write("railway")
    page.press("Enter")
    page.until(f"{CHOSEN}?.startsWith('railway 100%')")
    page.press("/")
    page.write("railway")
    page.press("Enter")
    page.until("location.search === '?q=railway'")
    page.until(f"{NAMES}[0] === 'one.png'")
    assert page.value("document.querySelector('.card .score').textContent") == "100%"
    page.press("Tab")
    page.value("document.querySelector('.card .frame').focus()")
    page.press("Enter")
    page.until(f"{CHOSEN}?.startsWith('railway 100%')")
    page.press("u")
    page.until(f"{CHOSEN}?.startsWith('roadmap')")
    assert "railway" in page.value(TOAST)
    find(page, place, "railway")
    assert "Guesses" in page.value("document.body.innerText") or page.value(NAMES) == []


def test_arrows_move_and_digits_choose_a_reading(page: Page, place: str) -> None:
    view(page, place, "quarterly")
    page.press("ArrowRight")
    page.until(f"{CHOSEN}.startsWith('roadmap')")
    page.press("ArrowDown")
    page.until(f"{CHOSEN}.startsWith('budget')")
    page.press("ArrowUp", "ArrowLeft", "ArrowLeft")
    second = page.value("document.querySelectorAll('#readings span:not(.chance)')[1].textContent")
    page.press("2")
    page.until(f"{CHOSEN} === '{second} 100%'")


def test_escape_leaves_step_by_step(page: Page, place: str) -> None:
    view(page, place, "roadmap")
    page.press("Enter")
    page.write("nonsense")
    page.press("Escape")
    page.until("document.activeElement.id === 'stage'")
    assert page.value("document.querySelector('#text').value") == "roadmap"
    page.press("Escape")
    page.until(f"!{CHOSEN}")
    page.press("Escape")
    page.until("location.search === '?q=roadmap' && location.pathname === '/'")


def test_what_is_no_word_goes_and_comes_back(page: Page, place: str) -> None:
    view(page, place, "budget")
    page.press("n")
    page.until("document.querySelectorAll('.word').length === 2")
    page.press("u")
    page.until("document.querySelectorAll('.word').length === 3")


def test_a_missed_word_is_added_with_keys_and_with_a_mouse(page: Page, place: str) -> None:
    view(page, place, "budget")
    page.press("a", "ArrowRight", "ArrowDown", "Enter")
    page.until("document.activeElement.id === 'text'")
    page.write("draft")
    page.press("Enter")
    page.until(f"{CHOSEN} === 'draft 100%'")
    page.click("#draw")
    x, y = page.middle("#stage")
    y += 150
    page.drag((x, y), (x + 60, y + 30))
    page.until("document.activeElement.id === 'text'")
    page.write("second")
    page.press("Enter")
    page.until(f"{CHOSEN} === 'second 100%'")


def test_words_are_cut_and_joined(page: Page, place: str) -> None:
    view(page, place, "budget")
    page.press("Enter")
    page.write("bud get")
    page.click("#split")
    page.until("document.querySelectorAll('.word').length === 4")
    page.until(f"{CHOSEN} === 'bud 100%'")
    page.press("j")
    page.until(f"{CHOSEN} === 'budget 100%'")


def test_a_click_chooses_and_the_wheel_zooms(page: Page, place: str) -> None:
    view(page, place, "loyalty")
    page.click(".word:not(.chosen)")
    page.until(f"!{CHOSEN}.startsWith('loyalty')")
    before = page.value("document.querySelector('#stage').getAttribute('viewBox')")
    page.press("+")
    assert page.value("document.querySelector('#stage').getAttribute('viewBox')") != before
    page.press("0")
    assert page.value("document.querySelector('#stage').getAttribute('viewBox')") == before


def test_words_are_labelled_one_at_a_time(page: Page, place: str) -> None:
    page.open(f"{place}/label")
    page.until("document.querySelector('#readings li')")
    first = page.value("document.querySelector('#readings span').textContent")
    page.press("1")
    page.until("document.querySelector('#pace').textContent.startsWith('1 word in this sitting')")
    page.press("u")
    page.until(f"document.querySelector('#readings span').textContent === '{first}'")
    page.press("s")
    page.until(f"document.querySelector('#readings span').textContent !== '{first}'")
    page.press("t")
    page.write("other")
    page.press("Enter")
    page.until("document.querySelector('#pace').textContent.startsWith('1 word in this sitting')")
    page.open(f"{place}/?q=other")
    assert page.value("document.querySelector('.card .score').textContent") == "100%"


def focused(page: Page, selector: str) -> None:
    """Go there with the tab key, as who has no mouse must."""
    for _ in range(40):
        if page.value(f"document.activeElement.matches('{selector}')"):
            return
        page.press("Tab")
    raise AssertionError(f"no way to {selector}")


def test_a_training_is_started_followed_compared_and_rolled_back_by_keys(pipe: Pipe, tmp_path: Path) -> None:
    with served(taught_archive(tmp_path / "archive")) as port, tab(pipe) as page:
        page.screen(1200, 800)
        page.open(f"http://127.0.0.1:{port}/training")
        page.until("document.querySelector('.used')")
        toy = page.value(USED)
        focused(page, "#start")
        page.press("Enter")
        page.until("document.querySelector('#lesson').dataset.state === 'running'")
        page.open(f"http://127.0.0.1:{port}/training")  # it does not care whether anybody looks
        page.until("document.querySelector('#lesson').dataset.state === 'done'", patience=300)
        assert page.value("document.querySelectorAll('#plots circle').length") == 12
        assert "wrong now" in page.value("document.querySelector('#why').textContent")
        page.until(f"{USED} && {USED} !== '{toy}'")
        page.open(f"http://127.0.0.1:{port}/training")
        page.until(
            "!document.querySelector('#verdict').hidden && !document.querySelector('#rollback').hidden"
        )
        focused(page, "#rollback")
        page.press("Enter")
        page.until(f"{USED} === '{toy}'")
        assert page.complaints == []


def test_a_training_can_be_stopped(pipe: Pipe, tmp_path: Path) -> None:
    with served(taught_archive(tmp_path / "archive")) as port, tab(pipe) as page:
        page.open(f"http://127.0.0.1:{port}/training")
        page.until("document.querySelector('.used')")
        page.click("#start")
        page.until("!document.querySelector('#stop').hidden")
        page.click("#stop")
        page.until("document.querySelector('#lesson').dataset.state === 'stopped'", patience=300)
        assert "stays" in page.value("document.querySelector('#standing').textContent")
        assert page.complaints == []


def test_a_script_in_a_label_never_runs(page: Page, place: str) -> None:
    view(page, place, "roadmap")
    page.press("Enter")
    page.write("roadmap <img src=x onerror=document.title='owned'><script>document.title='owned'</script>")
    page.press("Enter")
    page.until(f"{CHOSEN}?.includes('onerror')")
    for address in ("/?q=roadmap", page.value("location.pathname + location.search"), "/label", "/"):
        page.open(place + address)
        assert "owned" not in page.value("document.title")
        assert not page.value("[...document.querySelectorAll('img')].some((one) => one.onerror)")


@pytest.mark.parametrize(("width", "dark"), [(320, False), (375, True), (1440, True)])
def test_pages_fit_the_screen(page: Page, place: str, width: int, dark: bool) -> None:
    page.screen(width, 700, dark)
    for address in ("/", "/?q=roadmap", "/photos/1", "/photos/3?q=roadmap", "/label", "/training", "/status"):
        page.open(place + address)
        assert page.value("document.documentElement.scrollWidth") <= width, address
        colours = page.value(
            "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"
        )
        assert contrast(*colours) > 7
    assert (luminance(colours[1]) < 0.1) == dark


def contrast(a: str, b: str) -> float:
    """WCAG 2: (lighter + 0.05) / (darker + 0.05)."""
    darker, lighter = sorted((luminance(a), luminance(b)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
