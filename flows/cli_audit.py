"""`./patrol audit`: does the record of who changed and looked at what still hold together?"""

from typing import Annotated

import typer

from flows.console import DEFAULT_HOME, Home, err, out, town_at
from pipeline.adapters.audit import checked_chain
from pipeline.adapters.database import reading
from pipeline.adapters.history_chain import broken_links

MOST_SHOWN = 20

app = typer.Typer(help="The audit and the tickets' histories: verify that nobody changed them.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit and the tickets' histories: verify that nobody changed them."""


@app.command()
def verify(
    home: Home = DEFAULT_HOME,
    contains: Annotated[
        str | None, typer.Option(help="the hash that an earlier check printed: it must still be part of the chain")
    ] = None,
) -> None:
    """Walk both chains of hashes; names every place that was changed, and ends with 1 if there is one."""
    with town_at(home) as town, reading(town.engine) as connection:
        chain = checked_chain(connection, contains)
        broken = [*chain.broken, *broken_links(connection)]
    for line in broken[:MOST_SHOWN]:
        err.print(f"[bold red]✗[/] {line}", highlight=False, soft_wrap=True)
    if len(broken) > MOST_SHOWN:
        err.print(f"  … and {len(broken) - MOST_SHOWN} more")
    if broken:
        raise typer.Exit(1)
    out.print(f"[green]✓[/] {chain.length} audit entries and every ticket's history hold together")
    out.print(f"  write down, away from this machine: {chain.head}", highlight=False, soft_wrap=True)
