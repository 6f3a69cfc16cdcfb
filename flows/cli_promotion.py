"""Verbs of `./patrol model` that decide which version looks, and that show what a decision rests on."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer
from rich.table import Column, Table

from flows.console import DEFAULT_HOME, Home, out, progress, town_at
from flows.wiring import WHO, Town, promotion_in_force, version_of
from models.card import HASH_LENGTH, ModelCard
from pipeline.adapters.audit import COMMAND_LINE
from pipeline.domain.errors import BadInput, NotFound
from pipeline.domain.model_version import ModelVersion, Promotion, Proposal, ProposalState
from pipeline.steps import promotion as steps

Model = Annotated[str, typer.Argument(help="the beginning of its hash")]
Why = Annotated[str, typer.Option(help="in your words; kept in the audit", show_default=False)]
LONGEST_CELL = 60


def use(model: Model, home: Home = DEFAULT_HOME) -> None:
    """The same as promote, in a word."""
    promote(model, home=home)


def promote(
    model: Model,
    why: Why = "",
    anyway: Annotated[bool, typer.Option("--anyway", help="though the gate said no")] = False,
    home: Home = DEFAULT_HOME,
) -> None:
    """Check weights and let them look from the next round on; refused ones change nothing."""
    with town_at(home) as town, progress("") as bar:
        bar.add_task("checking the weights", total=None)
        card = town.registry.card(model)
        town.registry.verify(card)
        made = _promoted(town, card, why, anyway)
    out.print(f"[green]✓[/] {card.hash12} {card.name} looks from the next round on")
    if made.previous is not None:
        out.print(f"  before: {made.previous}; back again with ./patrol model rollback")


def _promoted(town: Town, card: ModelCard, why: str, anyway: bool) -> Promotion:
    """By way of the proposal that waits for these weights, where one does."""
    now = town.clock.now()
    waiting = [proposal for proposal in _waiting(town) if proposal.model == card.hash12]
    if waiting and not waiting[0].passed and not anyway:
        raise BadInput(f"the gate says no to {card.hash12}: {_reasons(waiting[0])}; --anyway promotes it all the same")
    if waiting and waiting[0].id is not None:
        return steps.approve(town.units, waiting[0].id, COMMAND_LINE, now, why)
    steps.add_version(town.units, version_of(card, WHO if town.registry.ships(card) else COMMAND_LINE, now))
    return steps.promote(town.units, card.hash12, COMMAND_LINE, now, why)


def _waiting(town: Town) -> tuple[Proposal, ...]:
    with town.units.reading() as uow:
        return uow.models.proposals(ProposalState.waiting)


def _reasons(proposal: Proposal) -> str:
    rules = proposal.gate.get("rules")
    failed = [rule for rule in rules if not rule.get("passed")] if isinstance(rules, list) else []
    return "; ".join(str(rule.get("en") or rule.get("code")) for rule in failed) or "its report says why"


def reject(model: Model, why: Why = "", home: Home = DEFAULT_HOME) -> None:
    """Say no to the challenger that waits; its weights stay in the registry."""
    with town_at(home) as town:
        waiting = [proposal for proposal in _waiting(town) if model and proposal.model.startswith(model)]
        if len(waiting) != 1 or waiting[0].id is None:
            raise NotFound(f"{len(waiting)} challengers that wait answer to {model!r}; ./patrol model list shows them")
        steps.reject(town.units, waiting[0].id, COMMAND_LINE, town.clock.now(), why)
    out.print(f"[green]✓[/] {waiting[0].model} is rejected; nothing else changes")


def rollback(why: Why = "", home: Home = DEFAULT_HOME) -> None:
    """Back to the champion before this one, with the thresholds of then; once more brings it back again."""
    with town_at(home) as town, progress("") as bar:
        bar.add_task("checking the weights", total=None)
        left = promotion_in_force(town)
        if left.previous is not None:
            town.registry.verify(town.registry.card(left.previous))
        done = steps.roll_back(town.units, COMMAND_LINE, town.clock.now(), why)
    out.print(f"[green]✓[/] {done.model} looks from the next round on, with the thresholds of before {left.model}")


def compare(
    model: Model,
    other: Annotated[str | None, typer.Argument(help="the beginning of another's; default: the champion's")] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Two versions' figures, thresholds and lineage side by side."""
    with town_at(home) as town:
        left, right = _version(town, other), _version(town, model)
    sides = (Column(side.hash12, overflow="fold", min_width=HASH_LENGTH) for side in (left, right))
    table = Table(Column("", overflow="fold", min_width=12), *sides, Column("变化 change", no_wrap=True))
    ours, theirs = dict(_facts(left)), dict(_facts(right))
    for name in dict.fromkeys((*ours, *theirs)):
        before, after = ours.get(name), theirs.get(name)
        table.add_row(name, _cell(before), _cell(after), _change(before, after))
    out.print(table)


def card(
    model: Annotated[str | None, typer.Argument(help="the beginning of its hash; default: the champion's")] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Where a version comes from, what it was measured to do, and when it looked."""
    with town_at(home) as town:
        version = _version(town, model)
        with town.units.reading() as uow:
            promotions = [promotion for promotion in uow.models.promotions() if promotion.model == version.hash12]
    table = Table("", version.hash12, title=version.name, show_header=True)
    for name, value in _facts(version):
        table.add_row(name, _cell(value))
    for promotion in reversed(promotions):
        table.add_row("上线 promotion", _told(promotion))
    out.print(table)
    if version.note:
        out.print(version.note)


def _version(town: Town, prefix: str | None) -> ModelVersion:
    """Of the registry too: what was never promoted may be known by its card alone. Raises NotFound, WeightsRefused."""
    hash12 = promotion_in_force(town).model if prefix is None else None
    with town.units.reading() as uow:
        known = [version for version in uow.models.all() if version.hash12.startswith(hash12 or prefix or "-")]
    if len(known) == 1:
        return known[0]
    own = town.registry.card(hash12 or prefix or "")
    return version_of(own, WHO, town.clock.now())


def _facts(version: ModelVersion) -> Iterator[tuple[str, object]]:
    yield "名称 name", version.name
    yield "类别 classes", ", ".join(version.classes)
    yield "数据集 dataset", version.dataset
    yield "父模型 parents", ", ".join(version.parents)
    yield "程序 code", version.code
    yield "建立 created", f"{version.created_at:%Y-%m-%d %H:%M} UTC, {version.created_by}"
    yield from _flat("参数 ", version.parameters)
    for category, by_pass in version.thresholds.items():
        yield from ((f"阈值 {category} {found_by.value}", score) for found_by, score in by_pass.items())
    yield from _flat("", version.figures)


def _flat(before: str, tree: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Figures of figures by their way down, by dots."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{before}{name}.", value)
        else:
            yield f"{before}{name}", value


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def _change(before: object, after: object) -> str:
    numbers = [value for value in (before, after) if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) != 2 or numbers[0] == numbers[1]:
        return ""
    return f"{numbers[1] - numbers[0]:+.4g}"


def _told(promotion: Promotion) -> str:
    told = f"{promotion.kind.value} {promotion.at:%Y-%m-%d %H:%M} UTC, {promotion.who}"
    told += f": {promotion.words}" if promotion.words else ""
    return told + (f"; refused: {promotion.refused_why}" if promotion.refused_why else "")
