"""The English catalogue is complete, and every code has a name."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

import api
from api import words
from api.app import STATIC
from api.pages.drawing import Drawing, messages_of
from pipeline.domain.patrol import Mode, Outcome
from pipeline.domain.review import Teaches
from pipeline.domain.ticket import Role, Status
from tests.api.street import settings_of

API = Path(api.__file__).parent
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def _used() -> set[str]:
    found = extract_from_dir(
        API, [("templates/**.html", "jinja2"), ("**.py", "python")], {}, keywords=KEYWORDS, comment_tags=()
    )
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def _english() -> Catalog:
    return messages_of("en")


def test_no_english_is_missing_or_left_over() -> None:
    catalogue = _english()
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if message.id}
    assert _used() - known == set()
    assert known - _used() == set()
    unfinished = [message.id for message in catalogue if message.id and (not message.string or message.fuzzy)]
    assert unfinished == []


def test_no_chinese_stays_in_the_english() -> None:
    shown = "".join(str(message.string) for message in _english())
    assert not [letter for letter in shown if "\u4e00" <= letter <= "\u9fff"]


@pytest.mark.parametrize(
    ("kind", "codes"), [("outcome", Outcome), ("mode", Mode), ("role", Role), ("teaches", Teaches)]
)
def test_every_code_has_a_name(kind: str, codes: type[Outcome | Mode | Role | Teaches]) -> None:
    assert {code.value for code in codes} <= set(words.LISTS[kind])


def test_the_domains_own_names_are_used_for_statuses() -> None:
    assert set(words.PAIRS["status"]) == {status.value for status in Status}


def test_a_share_is_never_rounded_up_to_whole(tmp_path: Path) -> None:
    drawing = Drawing(settings_of(tmp_path), STATIC)
    percent = drawing._environments["zh"].filters["percent"]
    assert (percent(0.9999), percent(1.0), percent(8 / 13), percent(0.0)) == ("99.9%", "100%", "61.5%", "0%")
