"""`./patrol dataset build|versions|trace|forget|export-version`: from verdicts to files and back, and out again."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from datasets.versions import MANIFEST, version_sources, without_views
from flows.cli_datasets import app
from flows.dataset_building import build_version, datasets_folder, forget_camera
from flows.wiring import Town, open_town
from pipeline.adapters import dataset_rows, tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.retention import Housekeeper
from pipeline.adapters.tables_learning import dataset_samples, dataset_versions
from pipeline.adapters.tables_people import audit_entries
from pipeline.domain.category import Kind
from pipeline.domain.ticket import HistoryEntry, Status, Ticket
from pipeline.settings import load_settings
from tests.builders import START, a_finding
from tests.flows.judged_town import CAMERAS, judge, judged_home

TICKET = "XJ-20261123-0007"
FORGOTTEN = 3
"""View and camera."""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of the verdicts is a ticket's."""
    home = judged_home(tmp_path_factory.mktemp("judged") / "home", {})
    with open_town(load_settings(home)) as town:
        with town.units.writing() as uow:
            uow.findings.save([a_finding("f7")])
            ticket = Ticket(TICKET, "f7", 1, "litter", Kind.clean_up, "东门", None, Status.filed, START)
            uow.tickets.add(ticket, HistoryEntry(TICKET, START, "patrol", "filed_for_review"))
        with town.engine.begin() as connection:
            verdicts = tables.verdicts
            connection.execute(sa.update(verdicts).where(verdicts.c.id == 7).values(number=TICKET))
    return home


@pytest.fixture
def home(judged: Path, tmp_path: Path) -> Path:
    shutil.copytree(judged, tmp_path / "home")
    return tmp_path / "home"


def typed(home: Path, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [*words, "--home", str(home)], env={"COLUMNS": "200"})
    return answer.exit_code, answer.output


def lines_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / MANIFEST).read_text("utf-8").splitlines()]


def test_from_ticket_to_sample_and_back_and_out_to_other_programs(home: Path, tmp_path: Path) -> None:
    code, said = typed(home, "build")
    assert code == 0, said
    with open_town(load_settings(home)) as town:
        again = build_version(town, "王")
        (line,) = [line for line in lines_of(again.folder) if TICKET in json.dumps(line)]
    assert again.hash12 in said and "12 things, 12 false alarms" in said
    assert again.hash12 in typed(home, "versions")[1]
    sample = str(line["sample"])
    assert sample[:16] in typed(home, "trace", TICKET)[1]
    traced = typed(home, "trace", sample[:10])[1]
    assert TICKET in traced and str(line["frame"])[:16] in traced
    code, said = typed(home, "export-version", again.hash12[:6], str(tmp_path / "out"))
    assert code == 0, said
    exported = list((tmp_path / "out").glob("*/images/*/*.jpg"))
    assert len(exported) == 24
    assert (tmp_path / "out" / "town_all" / "data.yaml").exists()


def test_nothing_judged_and_nothing_known_are_one_clear_line(home: Path) -> None:
    for words, clear in (
        (["trace", "XJ-0"], "no dataset version holds anything of XJ-0"),
        (["forget", "--camera", "相机99", "--why", "x"], "no camera is called"),
        (["forget", "--camera", "相机1", "--why", " "], "say why"),
        (["export-version", "abc", str(home / "out")], "no dataset versions answer to 'abc'"),
    ):
        code, said = typed(home, *words)
        assert code == 1 and clear in said, said


def test_new_verdicts_make_a_new_version_and_the_old_one_stays(home: Path) -> None:
    with open_town(load_settings(home)) as town:
        first = build_version(town, "王")
        judge(town, 100, whole=False)
        second = build_version(town, "王")
        assert second.hash != first.hash
        assert {folder.name for folder in first.sources} == {"town_all"}
        assert {folder.name for folder in second.sources} == {"town_all", "town_litter"}
        assert len(lines_of(first.folder)) == 24
        with reading(town.engine) as connection:
            assert [row.hash for row in dataset_rows.versions(connection)] == [second.hash, first.hash]
            assert set(dataset_rows.samples_of(connection, second.hash)) == set(second.rows)


def _views(town: Town, folder: Path) -> set[object]:
    assert sum(len(list(source.glob("*/images/*.jpg"))) for source in version_sources(folder)) == len(lines_of(folder))
    return {line["view"] for line in lines_of(folder)}


def test_a_camera_that_leaves_is_in_no_version_and_in_none_to_come(home: Path) -> None:
    with open_town(load_settings(home)) as town:
        frozen = build_version(town, "王")
    code, said = typed(home, "forget", "--camera", f"相机{FORGOTTEN}", "--why", "业主来函")
    assert code == 0, said
    with open_town(load_settings(home)) as town:
        with reading(town.engine) as connection:
            old = dataset_rows.version_named(connection, frozen.hash)
            held = connection.scalars(sa.select(dataset_samples.c.view_id).distinct()).all()
            noted = connection.execute(sa.select(audit_entries).where(audit_entries.c.action == "forgotten")).one()
        assert FORGOTTEN not in held and len(held) == CAMERAS - 1
        assert (noted.subject, noted.after) == (f"相机{FORGOTTEN}", {"why": "业主来函"})
        assert old.why_replaced == "业主来函" and not frozen.folder.exists()
        new = datasets_folder(town) / old.replaced_by[:12]
        assert _views(town, new) == set(range(1, CAMERAS + 1)) - {FORGOTTEN}
        judge(town, 3 * CAMERAS + FORGOTTEN - 1)
        later = build_version(town, "王")
        assert FORGOTTEN not in _views(town, later.folder)
    assert old.replaced_by[:12] in typed(home, "versions")[1]


def test_a_forgetting_that_was_killed_is_finished_by_the_next_freezing(home: Path) -> None:
    """Killed when the new files were there, before the database told of them."""
    with open_town(load_settings(home)) as town:
        frozen = build_version(town, "王")
        work = home / "retraining" / "abc"
        (work / "sources").mkdir(parents=True)
        (work / "sources" / "00_town_all").symlink_to(frozen.sources[0])
        (work / "report").mkdir()
        for name in ("fixed_0.jpg", "report.html"):
            (work / "report" / name).write_text("a frame")
        with writing(town.engine) as connection:
            dataset_rows.forget_views(connection, [FORGOTTEN], "王", "业主来函", START)
        left = without_views(frozen.folder, [FORGOTTEN])
        assert left is not None and frozen.folder.exists()
        assert build_version(town, "王").hash == left.hash
        assert not frozen.folder.exists()
        assert [path.name for path in work.rglob("*") if path.is_file()] == ["report.html"]
        with reading(town.engine) as connection:
            assert dataset_rows.version_named(connection, frozen.hash).replaced_by == left.hash


def test_frames_of_a_frozen_version_outlive_their_days_until_they_are_forgotten(home: Path) -> None:
    with open_town(load_settings(home)) as town:
        build_version(town, "王")
        keeper = Housekeeper(town.engine, town.images, town.images)
        long_after = START + timedelta(days=3000)
        keeper.obey_retention(long_after)
        with reading(town.engine) as connection:
            kept = sa.select(sa.func.count()).select_from(tables.images)
            assert connection.scalar(kept) == 24
        forget_camera(town, f"相机{FORGOTTEN}", "王", "业主来函")
        keeper.obey_retention(long_after)
        with reading(town.engine) as connection:
            assert connection.scalar(kept) == 24 - 24 // CAMERAS


def test_a_town_without_verdicts_is_told_what_to_do(home: Path) -> None:
    with open_town(load_settings(home)) as town, town.engine.begin() as connection:
        for table in (dataset_samples, dataset_versions, tables.verdicts, tables.images):
            connection.execute(sa.delete(table))
    code, said = typed(home, "build")
    assert code == 1 and "review some tickets first" in said
    assert not list((home / "datasets").glob("*/"))
    assert "no version yet" in typed(home, "versions")[1]
