"""`./patrol category`, as people type it."""

from pathlib import Path

from typer.testing import CliRunner

from flows.cli import app
from flows.wiring import open_town
from pipeline.adapters.categories import SqlCategories
from pipeline.settings import load_settings
from tests.flows.town import make_home

MANHOLE = [
    "category",
    "add",
    "open_manhole",
    "--zh",
    "井盖缺失",
    "--en",
    "Open manhole",
    "--deadline",
    "2-urgent_hours",
]


def typed(home: Path, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [*words, "--home", str(home)], env={"COLUMNS": "160"})
    return answer.exit_code, answer.output


def test_a_fifth_category_is_added_and_weights_may_bear_its_code(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    assert typed(home, *MANHOLE)[0] == 0
    code, listed = typed(home, "category", "list")
    assert code == 0 and "open_manhole" in listed and "2 紧急小时" in listed
    with open_town(load_settings(home)) as town:
        assert "open_manhole" in town.registry._known()


def test_what_makes_no_sense_is_one_clear_line(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    for words, said in (
        (["category", "set", "litter", "--seen", "6"], "--seen 6 is more than --of 5"),
        (["category", "set", "litter", "--deadline", "soon"], "--deadline 'soon'"),
        (["category", "set", "weather"], "no category 'weather'"),
        (["category", "add", "litter", "--zh", "x", "--en", "x"], "already"),
    ):
        code, output = typed(home, *words)
        assert code == 1 and said in output, output
    with open_town(load_settings(home)) as town:
        assert SqlCategories(town.engine).get("litter").persistence.seen == 3
