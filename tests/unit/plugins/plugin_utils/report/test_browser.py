# Copyright (c) 2026 evergreen.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of 200 nodes in a real browser: nothing is fetched, nothing fails, everybody can read it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.evergreen.fleet.plugins.plugin_utils.report.page import as_html

from . import browser
from .fleet import drift, rollout

pytestmark = pytest.mark.skipif(browser.program() is None, reason=f"none of {', '.join(browser.PROGRAMS)} is installed")

PHONE, DESKTOP = (390, 844), (1280, 900)


class Pages(t.NamedTuple):
    page: browser.Page
    files: dict[str, Path]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Pages]:
    folder = tmp_path_factory.mktemp("pages")
    files = {report.kind: folder / f"{report.kind}.html" for report in (drift(), rollout())}
    for report in (drift(), rollout()):
        files[report.kind].write_text(as_html(report), encoding="utf-8")
    with browser.page(folder) as page:
        yield Pages(page, files)


@pytest.fixture(params=["drift", "rollout"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unfolded(pages: Pages, kind: str, size: tuple[int, int], *, dark: bool = False) -> browser.Page:
    page = pages.page
    page.open(pages.files[kind], *size, dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


def test_nothing_is_fetched_and_the_console_stays_empty(pages: Pages, kind: str) -> None:
    page = unfolded(pages, kind, DESKTOP)
    assert page.complaints() == []
    assert [url for url in page.requests() if not url.startswith("data:")] == [pages.files[kind].as_uri()]


def test_a_script_would_not_run(pages: Pages, tmp_path: Path) -> None:
    page = tmp_path / "injected.html"
    page.write_text(
        pages.files["drift"].read_text().replace("</body>", "<script>document.title = 'ran'</script></body>")
    )
    pages.page.open(page, *DESKTOP)
    assert pages.page.evaluate("document.title") != "ran"
    assert pages.page.complaints() != []


# Elements that are wider than the window, other than inside of what scrolls by itself.
OVERFLOWING = """
[...document.body.querySelectorAll('*')]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 0.5 && !each.closest('pre, .short, .quiet'))
    .map(each => each.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("size", [PHONE, (320, 640), DESKTOP], ids=["phone", "small phone", "desktop"])
def test_nothing_is_wider_than_the_window(pages: Pages, kind: str, size: tuple[int, int]) -> None:
    page = unfolded(pages, kind, size)
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("innerWidth") == size[0]


# Text with less contrast to what is behind it than WCAG 2 AA asks for.
FAINT = """
(() => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = numbers(colour).map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = each => {
        for (; each; each = each.parentElement) {
            const colour = getComputedStyle(each).backgroundColor;
            if (numbers(colour)[3] !== 0) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const found = {};
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let checked = 0;
    while (texts.nextNode()) {
        const each = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !each.checkVisibility({visibilityProperty: true})) continue;
        const style = getComputedStyle(each);
        const [light, dark] = [luminance(style.color), luminance(behind(each))].sort((a, b) => b - a);
        const size = parseFloat(style.fontSize);
        const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        const ratio = (light + 0.05) / (dark + 0.05);
        checked += 1;
        if (ratio < (large ? 3 : 4.5)) found[each.className || each.localName] = ratio;
    }
    return [found, checked];
})()
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(pages: Pages, kind: str, dark: bool) -> None:
    faint, checked = unfolded(pages, kind, DESKTOP, dark=dark).evaluate(FAINT)
    assert faint == {}
    assert checked > 400


def test_light_and_dark_differ(pages: Pages) -> None:
    colours = [
        unfolded(pages, "drift", DESKTOP, dark=dark).evaluate("getComputedStyle(document.body).backgroundColor")
        for dark in (False, True)
    ]
    assert len(set(colours)) == 2


# Each a list of elements that should be empty.
WRONG = {
    "tables without heads": "table:not(:has(thead th[scope=col]))",
    "heads without a scope": "th:not([scope])",
    "pictures without a name": "[role=img]:not([aria-label]), img:not([alt])",
    "sections named by nothing": "section[aria-labelledby='']",
}
SAME_ID = "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i)"
LEVELS = "[...document.querySelectorAll('h1, h2, h3')].map(e => +e.localName[1])"


def test_accessible(pages: Pages, kind: str) -> None:
    page = unfolded(pages, kind, PHONE)
    for what, selector in WRONG.items():
        assert page.evaluate(f"document.querySelectorAll({selector!r}).length") == 0, what
    assert page.evaluate(SAME_ID) == []
    levels = page.evaluate(LEVELS)
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "200 nodes" in page.evaluate("document.title")


# What a screen reader is told of the tables, by the browser itself.
def test_tables_are_tables_for_a_screen_reader(pages: Pages) -> None:
    page = unfolded(pages, "drift", PHONE)
    page.call("Accessibility.enable")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in nodes]
    assert roles.count("table") == page.evaluate("document.querySelectorAll('table').length")
    assert roles.count("columnheader") >= 2 * roles.count("table")
