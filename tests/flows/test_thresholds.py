"""Whose thresholds are in force: those measured with the weights, until people set their own."""

from pathlib import Path

import sqlalchemy as sa

from flows.installing import install
from flows.wiring import announce_model, open_town
from models.card import ModelCard
from pipeline.adapters import tables
from pipeline.adapters.database import writing
from pipeline.domain.detection import Pass
from pipeline.settings import load_settings


def a_card(digit: str, threshold: float) -> ModelCard:
    measured = {"litter": {Pass.fast: threshold}}
    return ModelCard(name="any", sha256=digit * 64, classes=("litter",), image_size=(384, 640), thresholds=measured)


def test_a_threshold_that_people_set_outlives_a_start_but_not_another_model(tmp_path: Path) -> None:
    install(tmp_path, "admin", lambda _line: None)
    with open_town(load_settings(tmp_path)) as town:
        announce_model(town, a_card("a", 0.56))
        assert town.categories()["litter"].threshold == 0.56
        with writing(town.engine) as connection:
            connection.execute(sa.update(tables.categories).values(threshold=0.7))
        announce_model(town, a_card("a", 0.56))
        assert town.categories()["litter"].threshold == 0.7
        announce_model(town, a_card("b", 0.6))
        assert town.categories()["litter"].threshold == 0.6


def test_a_new_database_takes_the_thresholds_though_its_models_were_announced_before(tmp_path: Path) -> None:
    install(tmp_path, "admin", lambda _line: None)
    with open_town(load_settings(tmp_path)) as town:
        announce_model(town, a_card("a", 0.56))
    (tmp_path / "streetpatrol.db").unlink()
    install(tmp_path, "admin", lambda _line: None)
    with open_town(load_settings(tmp_path)) as town:
        announce_model(town, a_card("a", 0.56))
        assert town.categories()["litter"].threshold == 0.56
