"""What the style sheets and pages promise: enough contrast, no address of another host, nothing inline."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import STATIC
from api.design_tokens import PAIRS, READABLE, VISIBLE, themes

TEMPLATES = STATIC.parent / "templates"
INLINE = re.compile(r"""\sstyle=|\son[a-z]+=["']|<style|<script(?![^>]*\bsrc=)|hx-on|javascript:|js:""")
FOREIGN = re.compile(r"""(?:src|href|action|hx-get|hx-post|hx-sse:connect)=["'](?:https?:)?//""")
FULL_PAGES = [
    "/tickets", "/tickets/XJ-20261123-0001", "/tickets/XJ-20261123-0001/photos", "/desk", "/work", "/rules", "/rounds",
    "/rounds/12", "/views", "/views/5", "/cameras", "/cameras/5", "/cameras/5/zones", "/plans", "/suppressions",
    "/figures", "/calendar", "/calendar/deadlines", "/people", "/account", "/about", "/design",
]  # fmt: skip


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme.name)
def test_text_and_edges_have_enough_contrast(theme) -> None:  # type: ignore[no-untyped-def]  # a Theme
    poor = {
        pair: round(theme.contrast(*pair), 2)
        for kind, least in (("ink", READABLE), ("edge", VISIBLE))
        for pair in PAIRS[kind]
        if theme.contrast(*pair) < least
    }
    assert poor == {}


def test_every_theme_says_every_colour_and_both_ways_into_the_dark_are_the_same() -> None:
    light, dark, system = themes()
    assert set(light.colours) == set(dark.colours)
    assert dark.colours == system.colours


def test_the_contrast_is_that_of_wcag() -> None:
    light = themes()[0]
    assert light.colours["surface"] == "#ffffff"
    assert light.contrast("surface", "surface") == pytest.approx(1.0)
    assert light.contrast("focus", "surface") == pytest.approx(light.contrast("surface", "focus"))


def _inks_on_tints() -> set[tuple[str, str]]:
    """Pairs that one rule of a style sheet sets together."""
    found = set()
    for sheet in (STATIC / "css").glob("*.css"):
        for body in re.findall(r"\{([^{}]*)\}", sheet.read_text()):
            ink = re.search(r"(?<![-a-z])color: var\(--([a-z-]+)\)", body)
            ground = re.search(r"background(?:-color)?: var\(--([a-z-]+)\)", body)
            if ink and ground:
                found.add((ink[1], ground[1]))
    return found


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme.name)
def test_whatever_a_rule_writes_on_a_ground_of_its_own_can_be_read(theme) -> None:  # type: ignore[no-untyped-def]
    poor = {pair: round(theme.contrast(*pair), 2) for pair in _inks_on_tints() if theme.contrast(*pair) < READABLE}
    assert poor == {}


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_hold_nothing_inline_and_no_other_host(template: Path) -> None:
    text = template.read_text()
    assert not INLINE.search(text)
    assert not re.search(r"https?://(?![^\"'<]*10\.)|url\(", text)


def test_style_sheets_ask_no_other_host() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        assert not re.search(r"url\(|@import|https?:", sheet.read_text()), sheet.name


def _faults(text: str) -> list[str]:
    """Of one page's HTML."""
    ids = re.findall(r'\sid="([^"]+)"', text)
    faults = {
        "something inline": INLINE.search(text),
        "another host": FOREIGN.search(text),
        "no language": not re.search(r'<html lang="(zh-CN|en)"', text),
        f"{text.count('<h1')} main headings": text.count("<h1") != 1,
        f"ids twice: {sorted(name for name in set(ids) if ids.count(name) > 1)}": len(ids) != len(set(ids)),
        "a picture without words": [tag for tag in re.findall(r"<img [^>]*>", text) if " alt=" not in tag],
        "the skip link is not first": not 0 < text.find('class="skip"') < text.find("<nav"),
        "no way to skip to": 'id="main"' not in text,
    }
    return [fault for fault, is_there in faults.items() if is_there]


def test_every_page_keeps_to_the_policy_and_can_be_skipped_through(person: TestClient) -> None:
    answers = {path: person.get(path) for path in FULL_PAGES}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    assert {path: faults for path, answer in answers.items() if (faults := _faults(answer.text))} == {}
