"""`./patrol people`: accounts without the pages, and the way back in for an admin who is locked out."""

from typing import Annotated

import typer
from rich.table import Table

from flows.console import DEFAULT_HOME, Home, out, settings_at, town_at
from flows.wiring import Town
from pipeline.adapters import accounts_admin
from pipeline.adapters.accounts import hash_password, new_password
from pipeline.adapters.accounts_admin import By, PersonFilter, Standing
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.adapters.database import reading, writing
from pipeline.domain.ticket import Role

MOST_LISTED = 1000

app = typer.Typer(help="Accounts: add, list, reset a password, unlock, disable and enable.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="the name that the person logs in with")]


@app.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="what the person may do")] = Role.viewer,
    unit: Annotated[str | None, typer.Option(help="a handler must belong to one, and sees its tickets only")] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Add a person; the password is shown once and must be changed at the first login."""
    password = new_password()
    with town_at(home) as town, writing(town.engine) as connection:
        accounts_admin.add_person(connection, name, Standing(role, unit), hash_password(password), _by(town))
    out.print(f"[green]✓[/] {name} is a {role} now; shown once:")
    out.print(f"  密码 password [bold]{password}[/]", highlight=False)


@app.command(name="list")
def list_(home: Home = DEFAULT_HOME) -> None:
    """Show every account."""
    with town_at(home) as town, reading(town.engine) as connection:
        page = accounts_admin.person_page(connection, PersonFilter(), None, MOST_LISTED, town.clock.now())
    table = Table("姓名 name", "角色 role", "责任单位 unit", "状态 state", "最近登录 last login", "令牌 tokens")
    zone = settings_at(home).town_zone
    for row in page.rows:
        last = row.last_login_at.astimezone(zone).strftime("%Y-%m-%d %H:%M") if row.last_login_at else "-"
        table.add_row(row.name, row.role, row.unit or "", _state(row), last, str(row.tokens))
    out.print(table if page.rows else "nobody yet: ./patrol init makes the first account")


def _state(row: object) -> str:
    for column, said in (
        ("disabled", "停用 disabled"),
        ("locked_until", "锁定 locked"),
        ("must_change", "待改密码 new"),
    ):
        if getattr(row, column):
            return said
    return "正常 ok"


@app.command()
def reset(name: Name, home: Home = DEFAULT_HOME) -> None:
    """A new password, shown once; the account is unlocked, its sessions and tokens end."""
    password = new_password()
    with town_at(home) as town, writing(town.engine) as connection:
        person_id = accounts_admin.id_of(connection, name)
        accounts_admin.reset_password(connection, person_id, hash_password(password), _by(town))
    out.print(f"[green]✓[/] {name} must change this password at the next login; shown once:")
    out.print(f"  密码 password [bold]{password}[/]", highlight=False)


@app.command()
def unlock(name: Name, home: Home = DEFAULT_HOME) -> None:
    """Let a person try again at once after too many wrong passwords."""
    with town_at(home) as town, writing(town.engine) as connection:
        accounts_admin.unlock(connection, accounts_admin.id_of(connection, name), _by(town))
    out.print(f"[green]✓[/] {name} may log in again")


@app.command()
def disable(name: Name, home: Home = DEFAULT_HOME) -> None:
    """No more log-in; sessions and tokens end at once."""
    _set_disabled(name, home, True)


@app.command()
def enable(name: Name, home: Home = DEFAULT_HOME) -> None:
    """Let a disabled person log in again."""
    _set_disabled(name, home, False)


def _set_disabled(name: str, home: Home, disabled: bool) -> None:
    with town_at(home) as town, writing(town.engine) as connection:
        row = accounts_admin.one_person(connection, accounts_admin.id_of(connection, name), town.clock.now())
        standing = Standing(Role(row.role), row.unit, disabled)
        accounts_admin.change_person(connection, row.id, standing, _by(town))
    out.print(f"[green]✓[/] {name} is {'disabled' if disabled else 'enabled'}")


def _by(town: Town) -> By:
    return By(COMMAND_LINE, town.clock.now())
