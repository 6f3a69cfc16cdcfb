"""Categories are rows: a fifth one needs no code."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from pipeline.adapters.categories import SqlCategories
from pipeline.adapters.database import writing
from pipeline.adapters.seed import use_thresholds
from pipeline.domain.category import DEFAULT_CATEGORIES, Category, Kind, Persistence
from pipeline.domain.deadline import Deadline, DeadlineClock
from pipeline.domain.detection import Pass
from pipeline.domain.errors import BadInput, NotFound

MANHOLE = Category(
    "open_manhole", "井盖缺失", "Open manhole", Kind.works, Persistence(2, 4, timedelta(minutes=1)), 0.5, "0301",
    fine_threshold=0.6, deadline=Deadline(2, DeadlineClock.urgent_hours),
)  # fmt: skip


def test_the_table_starts_with_four_categories_and_takes_a_fifth(engine: Engine) -> None:
    categories = SqlCategories(engine)
    assert categories.all() == list(DEFAULT_CATEGORIES)
    categories.add(MANHOLE)
    assert categories.all() == [*DEFAULT_CATEGORIES, MANHOLE]
    assert "open_manhole" in categories.known_classes()


def test_a_code_that_is_taken_or_no_class_name_is_refused(engine: Engine) -> None:
    categories = SqlCategories(engine)
    with pytest.raises(BadInput, match="already"):
        categories.add(replace(MANHOLE, code="litter"))
    for code in ("Open Manhole", "person", "", "9"):
        with pytest.raises(BadInput, match="cannot be a code"):
            categories.add(replace(MANHOLE, code=code))
    assert len(categories.all()) == len(DEFAULT_CATEGORIES)


def test_a_change_is_kept_and_an_unknown_category_is_not_made_by_it(engine: Engine) -> None:
    categories = SqlCategories(engine)
    stricter = replace(categories.get("litter"), threshold=0.7, deadline=None)
    categories.change(stricter)
    assert categories.get("litter") == stricter
    with pytest.raises(NotFound):
        categories.change(MANHOLE)


def test_measured_thresholds_are_taken_by_pass(engine: Engine) -> None:
    with writing(engine) as connection:
        use_thresholds(connection, {"litter": {Pass.fast: 0.5, Pass.fine: 0.65}, "illegal_ad": {Pass.fine: 0.4}})
    categories = SqlCategories(engine)
    assert [categories.get("litter").threshold_of(found_by) for found_by in Pass] == [0.5, 0.65]
    assert [categories.get("illegal_ad").threshold_of(found_by) for found_by in Pass] == [0.4, 0.4]
    assert categories.get("charging_cable").threshold_of(Pass.fine) == categories.get("charging_cable").threshold
