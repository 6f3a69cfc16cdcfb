"""`./patrol people` and `./patrol audit`, as people type them."""

import re
from pathlib import Path

import sqlalchemy as sa
from typer.testing import CliRunner

from flows.cli import app
from flows.wiring import open_town
from pipeline.adapters.accounts import check_password
from pipeline.adapters.database import writing
from pipeline.adapters.tables import units
from pipeline.adapters.tables_people import audit_entries
from pipeline.settings import load_settings
from tests.builders import START
from tests.flows.town import make_home


def typed(home: Path, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [*words, "--home", str(home)], env={"COLUMNS": "160"})
    return answer.exit_code, answer.output


def password_in(output: str) -> str:
    found = re.search(r"密码 password (\S+)", output)
    assert found, output
    return found[1]


def may_enter(home: Path, name: str, password: str) -> bool:
    with open_town(load_settings(home)) as town:
        return check_password(town.engine, name, password, START) is not None


def test_a_person_is_added_listed_reset_disabled_and_enabled(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    code, added = typed(home, "people", "add", "李敏", "--role", "reviewer")
    assert code == 0
    first = password_in(added)
    assert may_enter(home, "李敏", first)
    listed = typed(home, "people", "list")[1]
    assert "李敏" in listed and "reviewer" in listed and "待改密码" in listed
    second = password_in(typed(home, "people", "reset", "李敏")[1])
    assert not may_enter(home, "李敏", first)
    assert may_enter(home, "李敏", second)
    assert typed(home, "people", "disable", "李敏")[0] == 0
    assert not may_enter(home, "李敏", second)
    assert "停用" in typed(home, "people", "list")[1]
    assert typed(home, "people", "enable", "李敏")[0] == 0
    assert may_enter(home, "李敏", second)
    assert typed(home, "people", "unlock", "李敏")[0] == 0


def test_what_makes_no_sense_is_one_clear_line(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    typed(home, "people", "add", "王强", "--role", "admin")
    for words, said in (
        (["add", "李敏", "--role", "handler"], "belongs to a unit"),
        (["add", "李敏", "--role", "handler", "--unit", "青禾社区"], "no unit"),
        (["add", "王强"], "already"),
        (["reset", "nobody"], "nobody is named"),
        (["disable", "王强"], "at least one admin"),
    ):
        code, output = typed(home, "people", *words)
        assert code == 1 and said in output, output
        assert "Traceback" not in output


def test_a_handler_is_added_with_a_unit(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    with open_town(load_settings(home)) as town, writing(town.engine) as connection:
        connection.execute(sa.insert(units).values(name="青禾社区", tier=3))
    assert typed(home, "people", "add", "李敏", "--role", "handler", "--unit", "青禾社区")[0] == 0


def test_the_audit_verifies_until_somebody_tampers_with_it(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    for name in ("a", "b", "c"):
        typed(home, "people", "add", name)
    code, said = typed(home, "audit", "verify")
    assert code == 0 and "3 audit entries" in said
    head = re.findall(r"[0-9a-f]{64}", said)[0]
    typed(home, "people", "add", "d")
    assert typed(home, "audit", "verify", "--contains", head)[0] == 0
    assert typed(home, "audit", "verify", "--contains", "0" * 63 + "1")[0] == 1
    with open_town(load_settings(home)) as town, writing(town.engine) as connection:
        connection.execute(sa.update(audit_entries).where(audit_entries.c.id == 2).values(who="somebody else"))
    code, said = typed(home, "audit", "verify")
    assert code == 1 and "audit entry 2: its text was changed" in said
