"""The report as a browser shows it: charts drawn, no network, keyboard and screen reader, light, dark and paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from meta_regime.extras.report.page import page_of
from plotly.offline import get_plotlyjs

from tests.browser import PROGRAM, Chromium, chromium
from tests.reporting import HOSTILE, hostile

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed (Debian: apt-get install chromium)")

CHARTS = {"time-map", "slowest-bars", "coverage-map", "past-uncovered", "past-seconds"}
DRAWN = f"document.querySelectorAll('.chart svg.main-svg').length >= {len(CHARTS)}"
# The contrast of each text of a chart to the page behind it, as WCAG computes it: 1 to 21.
CONTRASTS = """(() => {
  const light = (colour) => {
    const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  const texts = [...document.querySelectorAll(".xtick text, .ytick text, .legendtext, h2, p, summary, th")];
  return texts.map((text) => {
    const style = getComputedStyle(text);
    const ink = light(text.closest("svg") ? style.fill : style.color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  });
})()"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page_of(hostile(), get_plotlyjs()), encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=["light", "dark"])
def opened(request: pytest.FixtureRequest, browser: Chromium, page: Path) -> Chromium:
    browser.look_at(page, dark=request.param == "dark")
    browser.wait_for(DRAWN)
    return browser


def test_it_opens_without_errors_and_asks_for_nothing(opened: Chromium, page: Path) -> None:
    assert opened.complaints == []
    assert opened.requests == [page.as_uri()]


def test_the_charts_are_drawn(opened: Chromium) -> None:
    assert set(opened.run("[...document.querySelectorAll('.chart')].map((chart) => chart.id)")) == CHARTS
    marks = {"time-map": ".slice", "coverage-map": ".slice", "slowest-bars": ".bars .point", "past-seconds": ".scatter"}
    for chart, mark in marks.items():
        assert opened.run(f"document.querySelectorAll('#{chart} {mark}').length") >= len(HOSTILE)


def test_what_a_project_calls_its_tests_does_nothing(opened: Chromium) -> None:
    assert opened.run("window.hacked") is None
    assert opened.run("document.scripts.length") == 3
    assert opened.run("document.images.length") == 0
    assert opened.run("[...document.querySelectorAll('a')].every((a) => a.hash)") is True
    shown = opened.run("document.body.textContent")
    assert "<script>window.hacked = 1</script>" in shown
    assert "turned \\u202ednuora\\u202c around" in shown
    assert "\u202e" not in shown
    longest = opened.run("Math.max(...[...document.querySelectorAll('bdi')].map((name) => name.textContent.length))")
    assert longest == 120
    assert opened.run("[...document.querySelectorAll('bdi')].some((name) => name.title.includes('x'.repeat(2000)))")
    assert opened.run("document.documentElement.scrollWidth <= innerWidth")  # nothing runs out of the page


def test_texts_can_be_read_in_the_colours_of_the_page(opened: Chromium) -> None:
    contrasts = opened.run(CONTRASTS)
    assert len(contrasts) > 40
    assert min(contrasts) >= 4.5


def test_a_screen_reader_has_landmarks_headings_and_words_for_each_chart(opened: Chromium) -> None:
    said = opened.spoken()
    roles = [role for role, _ in said]
    assert {"navigation", "heading", "table", "columnheader", "rowheader"} <= set(roles)
    assert opened.run("document.documentElement.lang") == "en"
    assert opened.run("document.querySelectorAll('header, main, nav, h1').length") == 4
    pictures = [name for role, name in said if role in ("image", "img")]
    assert len(pictures) == len(CHARTS)
    assert all(name.split()[0] in ("Treemap", "Bars", "Line") for name in pictures)
    # A table stands beside each: folded up, so opened here.
    assert opened.run("document.querySelectorAll('figure details table').length") == len(CHARTS)


def test_it_can_be_used_with_the_keyboard(opened: Chromium) -> None:
    opened.run("scrollTo(0, 0), document.activeElement.blur()")
    opened.press("Tab", 9)
    assert opened.run("document.activeElement.textContent") == "Skip to the verdicts"
    assert opened.run("document.activeElement.getBoundingClientRect().left >= 0") is True  # it is seen now
    opened.press("Enter", 13, "\r")
    opened.wait_for("document.activeElement.id === 'main'")
    opened.press("Tab", 9)
    assert opened.run("document.activeElement.tagName") == "SUMMARY"
    assert opened.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    before = opened.run("document.activeElement.parentElement.open")
    opened.press("Enter", 13, "\r")
    opened.wait_for(f"document.activeElement.parentElement.open === {str(not before).lower()}")


def test_it_follows_the_system_from_light_to_dark(browser: Chromium, page: Path) -> None:
    ink = "getComputedStyle(document.querySelector('.xtick text')).fill"
    browser.look_at(page)
    browser.wait_for(DRAWN)
    light = browser.run(ink)
    browser.prefer(dark=True)
    browser.wait_for(f"{ink} !== {light!r}")
    assert min(browser.run(CONTRASTS)) >= 4.5
    # On paper it is light, as long as it is printed.
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.wait_for(f"{ink} === {light!r}")
    browser.run("dispatchEvent(new Event('afterprint'))")
    browser.wait_for(f"{ink} !== {light!r}")
    assert browser.printed().startswith(b"%PDF-")
    assert browser.complaints == []


def test_the_browser_itself_keeps_it_from_the_network_and_from_other_scripts(browser: Chromium, page: Path) -> None:
    browser.look_at(page)
    broken = """new Promise((done) => {
      const found = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        found.push(event.effectiveDirective);
        if (found.length === 4) done(found);
      });
      setTimeout(() => done(found), 10000);  // then one of them was let through
      fetch("https://example.com/").catch(() => {});
      const [image, script] = ["img", "script"].map((tag) => document.createElement(tag));
      image.src = "https://example.com/picture.png";
      script.textContent = "window.hacked = 6";
      document.body.append(image, script);
      document.body.setAttribute("onclick", "window.hacked = 7");
    })"""
    assert sorted(browser.run(broken)) == ["connect-src", "img-src", "script-src-attr", "script-src-elem"]
    assert browser.run("window.hacked") is None
    assert browser.complaints  # as the tests above would have seen
