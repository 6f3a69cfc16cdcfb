"""A challenger looks at the frames that the champion looked at: it opens nothing, and what it sees is only compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pipeline.domain.asking import AskedFor, AskedFrame
from pipeline.domain.audit import Audit
from pipeline.domain.category import Category
from pipeline.domain.detection import Detection, Pass
from pipeline.domain.errors import BadInput, TransitionRefused
from pipeline.domain.finding import same_place
from pipeline.domain.model_version import Thresholds
from pipeline.domain.shadow import Compared, Difference, ShadowRun, Side
from pipeline.domain.shadow import Seen as Counted
from pipeline.ports import ShadowFrame, UnitOfWork, UnitsOfWork
from pipeline.steps.detect import Seen, detect
from pipeline.steps.track import merge_neighbours
from pipeline.steps.world import Known, Look, Shadow, Terms, World

MOST_OF_A_VIEW = 8
"""Differences a run that are kept and asked about: a flickering view has no end of them."""
TOO_SLOW = 5.0
"""Times the champion's own time."""
SLOW_FROM_S = 20.0
"""A chunk that takes less delays nobody."""
LEAST_WORTH = 1.0
"""Above all that is asked about for doubt or novelty."""


def start_shadow(units: UnitsOfWork, model: str, until: datetime, who: str, at: datetime) -> ShadowRun:
    """Raises NotFound, BadInput for an end that is past, TransitionRefused where it is the champion or one runs."""
    if until <= at:
        raise BadInput("a shadow run ends after it begins")
    with units.writing() as uow:
        version, current = uow.models.get(model), uow.models.current()
        going = uow.shadow.running()
        if going is not None and going.until > at:
            raise TransitionRefused(f"{going.model} looks beside the champion until {going.until:%m-%d %H:%M} UTC")
        if current is None or current.model == version.hash12:
            raise TransitionRefused(f"model {version.hash12} is the champion: only another one can look beside it")
        if going is not None:
            uow.shadow.end(going.id, going.until)
        run_id = uow.shadow.begin(ShadowRun(version.hash12, current.model, at, until))
        uow.audit(Audit(at, who, "started", "shadow", version.hash12, after={"shadow_until": until.isoformat()}))
        uow.bump("models")
        return uow.shadow.get(run_id)


def stop_shadow(units: UnitsOfWork, who: str, at: datetime) -> ShadowRun:
    """Before its time. Raises TransitionRefused where none is under way."""
    with units.writing() as uow:
        going = uow.shadow.running()
        if going is None:
            raise TransitionRefused("no model looks beside the champion now")
        uow.shadow.end(going.id, at)
        uow.audit(Audit(at, who, "stopped", "shadow", going.model, after={"visits": going.visits}))
        uow.bump("models")
        return uow.shadow.get(going.id)


def under_way(units: UnitsOfWork, at: datetime) -> ShadowRun | None:
    """The run that goes on now; one whose time is over, or whose champion is champion no more, is ended here."""
    with units.reading() as uow:
        run, current = uow.shadow.running(), uow.models.current()
    if run is None:
        return None
    if run.until <= at:
        _end(units, run.id, run.until, None)
        return None
    if current is None or current.model != run.champion:
        _end(units, run.id, at, f"{run.champion}, which it was compared with, is the champion no more")
        return None
    return run


def give_up(units: UnitsOfWork, run_id: int, at: datetime, why: str) -> None:
    """The challenger cannot go on; rounds do."""
    _end(units, run_id, at, why)


def _end(units: UnitsOfWork, run_id: int, at: datetime, why: str | None) -> None:
    with units.writing() as uow:
        uow.shadow.end(run_id, at, why)
        uow.bump("models")


def compared(looks: Sequence[Look], seen: Sequence[Seen], known: Known, world: World, terms: Terms) -> list[Look]:
    """The looks with what the challenger saw beside `seen`; as they were where none looks, or it fails.

    Whatever a challenger does, the round goes on: it ends the challenger's run, with its reason.
    """
    shadow = world.shadow
    if shadow is None or world.clock.now() >= shadow.until:
        return list(looks)
    started = world.clock.now()
    try:
        theirs = _theirs(looks, shadow, world, terms)
    except Exception as error:  # noqa: BLE001  # the boundary behind which a challenger may fail as it likes
        give_up(world.units, shadow.run_id, world.clock.now(), f"{type(error).__name__}: {error}")
        return list(looks)
    took_s = (world.clock.now() - started).total_seconds()
    champion_s = sum(look.inference_s for look in looks)
    if took_s > SLOW_FROM_S and took_s > TOO_SLOW * champion_s:
        why = f"too slow: {took_s:.0f} s for what took the champion {champion_s:.0f} s"
        give_up(world.units, shadow.run_id, world.clock.now(), why)
    each_s = took_s / len(looks)
    return [
        replace(look, compared=_compare(look, (mine, other), known, terms), shadow_s=each_s)
        for look, mine, other in zip(looks, seen, theirs, strict=True)
    ]


def _theirs(looks: Sequence[Look], shadow: Shadow, world: World, terms: Terms) -> list[Seen]:
    """Under its own measured thresholds, with the same second look: as if it were the champion."""
    wanted = [(look.view, look.frame, look.passes) for look in looks if look.frame is not None]
    categories = with_thresholds(terms.categories, shadow.thresholds)
    return detect(wanted, shadow.detector, categories, terms.zone, world.second_look)


def with_thresholds(categories: Mapping[str, Category], measured: Thresholds) -> dict[str, Category]:
    """Those that were measured with these weights in place of the town's own, as a promotion would have it."""
    changed = dict(categories)
    for code, by_pass in measured.items():
        if code in categories and by_pass:
            fast = by_pass.get(Pass.fast, min(by_pass.values()))
            changed[code] = replace(categories[code], threshold=fast, fine_threshold=by_pass.get(Pass.fine))
    return changed


def _compare(look: Look, both: tuple[Seen, Seen], known: Known, terms: Terms) -> Compared:
    mine, theirs = (merge_neighbours(seen.findable, terms.categories) for seen in both)
    before = known.differences.get(look.view.id, ())
    tally: dict[str, Counted] = {}
    new: list[Difference] = []
    for side, own, others in ((Side.champion, mine, theirs), (Side.challenger, theirs, mine)):
        for thing in own:
            category = terms.categories[thing.category]
            alone = not any(_same(thing, other, category) for other in others)
            tally[thing.category] = tally.get(thing.category, Counted()).plus(_counted(side, alone))
            one = Difference(side, thing.category, thing.box, thing.score)
            if alone and not any(_is_like(one, other, category) for other in (*before, *new)):
                new.append(one)
    return Compared(tally, tuple(new[: max(0, MOST_OF_A_VIEW - len(before))]))


def _counted(side: Side, alone: bool) -> Counted:
    """What both saw is counted once, from the champion's side."""
    if not alone:
        return Counted(both=1) if side is Side.champion else Counted()
    return Counted(champion=1) if side is Side.champion else Counted(challenger=1)


def _same(one: Detection, other: Detection, category: Category) -> bool:
    return one.category == other.category and same_place(one.box, other.box, category)


def _is_like(one: Difference, other: Difference, category: Category) -> bool:
    return (one.side, one.category) == (other.side, other.category) and same_place(one.box, other.box, category)


def note_shadow(uow: UnitOfWork, looks: Sequence[Look], round_id: int, world: World) -> None:
    """Write what was compared; frames that they differ about are asked about first."""
    shadow = world.shadow
    frames = [
        ShadowFrame(look.view.id, look.frame.at, look.kept.full, look.compared)
        for look in looks
        if look.compared is not None and look.frame is not None
    ]
    if shadow is None or not frames:
        return
    if uow.shadow.note(shadow.run_id, round_id, frames, sum(look.shadow_s for look in looks)):
        uow.asked.add([frame for look in looks for frame in _asked(look, world.clock.now())])


def _asked(look: Look, at: datetime) -> list[AskedFrame]:
    if not (look.kept.asked and look.frame and look.compared and look.compared.differences):
        return []
    worth = LEAST_WORTH + max(one.score for one in look.compared.differences)
    return [AskedFrame(look.kept.asked, look.view.id, look.frame.at, at, AskedFor.shadow, worth)]
