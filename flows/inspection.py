"""The patrol as Prefect flows: a round, its shards, and tasks of a batch of views each."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import structlog
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.deployments import run_deployment
from prefect.task_runners import ThreadPoolTaskRunner

from flows.shadowing import with_shadow
from flows.wiring import Champion, Town, assess_rules, champion_of, open_town, world_of
from pipeline.adapters.rounds import OpenRound
from pipeline.domain.detection import Pass
from pipeline.domain.errors import NotFound, StoreFailed
from pipeline.domain.patrol import COVERAGE, Plan
from pipeline.settings import load_settings
from pipeline.steps.visit import visit_views
from pipeline.steps.world import Summary, Terms, World

FOLLOW_UPS = "follow-up"
"""The plan of rounds that look again at candidates."""
ALL_VIEWS = "all"
"""The plan of a round that a person starts by hand: every view."""
TASKS_AT_ONCE = 4
"""Batches under way at once in a process: while one waits for slow cameras, others use the cores."""
LONGEST_SHARD_S = 3600
SHARD_DEPLOYMENT = "inspect-shard/shard"

log = structlog.get_logger()


@dataclass(slots=True)
class Standing:
    """What stays open from batch to batch: the town, and a world with the detector loaded once.

    Between two rounds another champion may come to look through it.
    """

    town: Town
    world: World
    champion: Champion
    open: ExitStack
    """Closes the town when it is dropped."""

    def take_up(self) -> None:
        """What was promoted since looks from now on; the rest of the world stays."""
        champion = champion_of(self.town, self.champion)
        if champion is not self.champion:
            self.champion, self.world = champion, replace(self.world, detector=champion.detector)


@cache
def standing(home: str) -> Standing:
    """Opened once a process; closed with it."""
    stack = ExitStack()
    town = stack.enter_context(open_town(load_settings(Path(home))))
    champion = champion_of(town)
    return Standing(town, world_of(town, champion), champion, stack)


@flow(name="inspect", flow_run_name="{plan}", validate_parameters=False)
def inspect(home: str, plan: str, round_id: int | None = None, fine: bool = False) -> int:
    """One round of a plan, or what is missing of round `round_id`; gives the round's number.

    Raises StoreFailed or DiskFull where nothing can be written; what was visited by then stays, and the same round
    run again does the rest.
    """
    standing(home).take_up()
    town = standing(home).town
    begun = _begin(town, plan) if round_id is None else town.rounds.get(round_id)
    passes = _passes(town, plan, begun, fine)
    log.info("round_begins", round=begun.ref.id, plan=plan, views=len(begun.view_ids))
    shards = list(_parts(begun.view_ids, town.settings.shard_views))
    # What is gone on with runs here: a worker does so before it takes anybody's shards, and would wait for itself.
    if round_id is None and len(shards) > 1 and town.settings.spread_shards:
        _spread(home, begun.ref.id, shards, passes)
    else:
        for shard in shards:
            inspect_shard(home, begun.ref.id, shard, {view: passes[view] for view in shard if view in passes})
    town.rounds.finish(begun.ref.id, town.clock.now())
    create_markdown_artifact(_report(town, begun), key=f"round-{_slug(plan)}", description=f"round {begun.ref.id}")
    return begun.ref.id


@flow(
    name="inspect-shard",
    flow_run_name="round {round_id}",
    task_runner=ThreadPoolTaskRunner(max_workers=TASKS_AT_ONCE),  # type: ignore[arg-type]  # prefect's own mismatch
    validate_parameters=False,
)
def inspect_shard(home: str, round_id: int, view_ids: list[int], passes: dict[int, str]) -> dict[str, int]:
    """A part of a round in one process: its batches side by side. Gives visits by outcome."""
    size = standing(home).town.settings.batch_views
    passes = {int(view): asked for view, asked in passes.items()}  # through the server keys come as text
    running = [
        visit_batch.submit(home, round_id, batch, {view: passes[view] for view in batch if view in passes})
        for batch in _parts(view_ids, size)
    ]
    total = Summary()
    for future in running:
        total = total.plus(future.result())
    return dict(total.outcomes)


@task(name="visit-batch", task_run_name="round {round_id}", persist_result=False, cache_policy=NO_CACHE)
def visit_batch(home: str, round_id: int, view_ids: list[int], passes: dict[int, str]) -> Summary:
    """Visit those of a batch that have no visit in this round yet."""
    town = standing(home).town
    world = with_shadow(town, standing(home).world)
    begun = town.rounds.get(round_id)
    plan = _plan_of(town, begun.ref.plan)
    terms = Terms(
        categories=town.categories(),
        zone=town.settings.town_zone,
        rules=assess_rules(town.settings),
        fine_every=plan.fine_every,
        passes={int(view): frozenset({Pass(asked)}) for view, asked in passes.items()},
        sample_share=town.settings.sample_share,
        doubtful_daily=town.settings.doubtful_daily,
        workers=1,
    )
    summary = visit_views(begun.ref, town.fleet.views(view_ids), world, terms)
    log.info("batch_done", round=round_id, outcomes=dict(summary.outcomes), tickets=list(summary.opened))
    return summary


def finish_unfinished(home: str, not_older_than: timedelta) -> list[int]:
    """Run what a kill cut short; rounds older than that are closed as they are. Gives the rounds gone on with."""
    town = standing(home).town
    now = town.clock.now()
    gone_on = []
    for begun in town.rounds.unfinished():
        if now - begun.ref.started_at > not_older_than:
            town.rounds.finish(begun.ref.id, now)
            continue
        try:
            inspect(home, begun.ref.plan, begun.ref.id)
            gone_on.append(begun.ref.id)
        except NotFound as gone:  # its plan, say: there is nothing to go on with
            log.warning("round_closed_unfinished", round=begun.ref.id, reason=str(gone))
            town.rounds.finish(begun.ref.id, now)
    return gone_on


def _begin(town: Town, plan_name: str) -> OpenRound:
    now = town.clock.now()
    if plan_name == FOLLOW_UPS:
        return town.rounds.begin(FOLLOW_UPS, sorted(town.rounds.due_follow_ups(now)), now)
    plan = _plan_of(town, plan_name)
    return town.rounds.begin(plan_name, town.fleet.view_ids_of_plan(plan.core_zone_only, plan.site_names), now)


def _plan_of(town: Town, name: str) -> Plan:
    """The plan's row; rounds that no plan asked for visit every view."""
    if name in (FOLLOW_UPS, ALL_VIEWS):
        return Plan(name, "")
    return town.rounds.plan(name)


def _passes(town: Town, plan: str, begun: OpenRound, fine: bool) -> dict[int, str]:
    """The pass asked for by view, beside the fast one."""
    if fine:
        return dict.fromkeys(begun.view_ids, Pass.fine.value)
    due = town.rounds.due_follow_ups(town.clock.now()) if plan == FOLLOW_UPS else {}
    return {view: found_by.value for view, found_by in due.items() if found_by is Pass.fine}


def _spread(home: str, round_id: int, shards: Sequence[list[int]], passes: dict[int, str]) -> None:
    """A flow run a shard, on whatever machines serve the work pool; waits for all of them."""

    def run(shard: list[int]) -> str:
        asked = {view: passes[view] for view in shard if view in passes}
        parameters = {"home": home, "round_id": round_id, "view_ids": shard, "passes": asked}
        ended = run_deployment(SHARD_DEPLOYMENT, parameters=parameters, timeout=LONGEST_SHARD_S, as_subflow=False)
        return str(ended.state_name)  # type: ignore[union-attr]  # a coroutine only where a loop runs

    with ThreadPoolExecutor(len(shards)) as pool:
        states = list(pool.map(run, shards))
    log.info("shards_ended", round=round_id, states=states)
    if any(state != "Completed" for state in states):
        raise StoreFailed(f"round {round_id}: a shard ended {', '.join(states)}; the round stays open and is run again")


def _parts(view_ids: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(view_ids), size):
        yield list(view_ids[start : start + size])


def _report(town: Town, begun: OpenRound) -> str:
    """Coverage and findings of a round, in markdown."""
    outcomes = town.rounds.outcomes(begun.ref.id)
    covered = sum(outcomes[outcome.value] for outcome in COVERAGE)
    planned = len(begun.view_ids)
    share = f"{covered / planned:.1%}" if planned else "-"
    lines = [
        f"# 轮次 {begun.ref.id} · {begun.ref.plan}",
        f"覆盖 coverage: **{covered} / {planned}** ({share})",
        "",
        "| 结果 outcome | 查看 visits |",
        "|---|---:|",
        *(f"| {outcome} | {count} |" for outcome, count in sorted(outcomes.items())),
        "",
        "| 工单 ticket | 类别 category | 点位 site |",
        "|---|---|---|",
        *(f"| {number} | {category} | {site} |" for number, category, site in town.rounds.tickets_since(begun.ref)),
    ]
    return "\n".join(lines)


def _slug(name: str) -> str:
    """Artifact keys take lower-case Latin letters, digits and dashes only."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return plain.strip("-") or f"plan-{sum(name.encode()):x}"
