"""Pages by keyboard, in a real browser: Tab reaches every control, the focus can be seen, and sheets close."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from pipeline.settings import Settings
from tests.api.browsing import NEEDS_BROWSER, PHONE, browsing, served
from tests.api.conftest import ADMIN

pytestmark = NEEDS_BROWSER
WALKED = ("/tickets", "/desk", "/work", "/rules", "/figures", "/people", "/design")
MOST_STEPS = 400
CONTROLS = """() => {
  const seen = element => {
    const closed = element.closest("details:not([open])");
    if (closed && !element.matches("details > summary")) return false;
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.height > 0;
  };
  const all = document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
  let radios = {};
  return Array.from(all).filter(element => {
    if (element.disabled || element.tabIndex < 0 || element.type === "hidden" || !seen(element)) return false;
    if (element.type !== "radio") return true;
    const group = (element.form ? element.form.id : "") + element.name;  // Tab stops at one of a group
    if (radios[group]) return false;
    return radios[group] = true;
  }).map((element, place) => { element.dataset.walked = String(place); return String(place); });
}"""
WHERE = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element);
  let shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  for (let around = element.parentElement, up = 0; !shown && around && up < 3; around = around.parentElement, up++) {
    const outer = getComputedStyle(around);
    shown = outer.outlineStyle !== "none" && parseFloat(outer.outlineWidth) >= 2;
  }
  const after = getComputedStyle(element, "::after");
  shown = shown || (after.outlineStyle !== "none" && parseFloat(after.outlineWidth) >= 2);
  const label = element.labels && element.labels[0] ? getComputedStyle(element.labels[0]) : null;
  shown = shown || (label !== null && label.outlineStyle !== "none");
  return { place: element.dataset.walked || "", shown: shown, what: element.outerHTML.slice(0, 90) };
}"""


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    with served(settings) as address, browsing(address, ADMIN) as page:
        yield page


def unreached(page: Page, path: str) -> tuple[set[str], list[str]]:
    """Controls that Tab never comes to, and those on which the focus cannot be seen."""
    page.goto(path)
    page.wait_for_load_state("networkidle")
    left = set(page.evaluate(CONTROLS))
    assert left, path
    unseen: list[str] = []
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        there = page.evaluate(WHERE)
        if there is None or not left:
            break
        left.discard(there["place"])
        if not there["shown"]:
            unseen.append(there["what"])
    return {
        page.evaluate(f"document.querySelector('[data-walked=\"{one}\"]')?.outerHTML.slice(0, 90)") for one in left
    }, unseen


def test_tab_reaches_every_control_and_shows_where_it_is(page: Page) -> None:
    walked = {path: unreached(page, path) for path in WALKED}
    assert {path: left for path, (left, _) in walked.items() if left} == {}
    assert {path: unseen for path, (_, unseen) in walked.items() if unseen} == {}


def test_the_skip_link_comes_first_and_leads_past_the_navigation(page: Page) -> None:
    page.goto("/tickets")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#main') !== null")


def test_the_sheet_of_all_pages_opens_and_closes_by_key_and_by_touch(settings: Settings) -> None:
    with served(settings) as address, browsing(address, ADMIN, PHONE) as phone:
        summary, sheet = phone.locator(".more-pages > summary"), phone.locator(".sheet")
        summary.focus()
        phone.keyboard.press("Enter")
        expect(sheet).to_be_visible()
        assert sheet.locator("a[href^='/']").count() >= 12
        phone.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        expect(summary).to_be_focused()
        summary.tap()
        expect(sheet).to_be_visible()
        phone.locator("h1").tap(force=True)
        expect(sheet).to_be_hidden()


def test_before_and_after_are_compared_by_the_arrow_keys(page: Page) -> None:
    page.goto("/design")
    slider = page.locator(".compare input[type=range]")
    slider.focus()
    page.keyboard.press("End")
    assert page.locator(".compare .now").evaluate("element => element.style.clipPath") == "inset(0px 0px 0px 100%)"
    page.keyboard.press("Home")
    assert "0%" in page.locator(".compare .now").evaluate("element => element.style.clipPath")


def test_a_dialog_gives_the_focus_back(page: Page) -> None:
    page.goto("/design")
    opener = page.locator("[data-opens]")
    opener.click()
    expect(page.locator("#d-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
