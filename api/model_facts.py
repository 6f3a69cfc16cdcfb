"""What the rows of models say together: precision by week, what labels were worth, thresholds with their evidence."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean

from api.dependencies import Services
from api.model_schemas import (
    CountedOut,
    DifferenceOut,
    GateRule,
    LearningOut,
    ProposalOut,
    SeenOut,
    ShadowRunOut,
    ThresholdProposalOut,
    WeekOut,
)
from api.schemas import BoxOut
from pipeline.adapters import model_queries
from pipeline.adapters.keyset import FlatRow
from pipeline.adapters.threshold_rows import proposal_of
from pipeline.domain.intervals import wilson
from pipeline.domain.model_version import ProposalState

WEEKS = 26
MOST_PROPOSALS = 100
REPORT = "report.html"


def weeks_of(services: Services) -> list[WeekOut]:
    """The last half year, the oldest first."""
    now, zone = services.clock.now(), services.settings.town_zone
    since = monday_of(now.astimezone(zone).date()) - timedelta(weeks=WEEKS - 1)
    begun = datetime(since.year, since.month, since.day, tzinfo=zone)
    with services.look() as connection:
        return summed_weeks(model_queries.precision_by_day(connection, begun, zone, now))


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def summed_weeks(rows: Iterable[FlatRow]) -> list[WeekOut]:
    sums: defaultdict[tuple[date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        counts = sums[monday_of(date.fromisoformat(row.day)), row.model]
        for place, number in enumerate((row.right, row.wrong, row.allowed)):
            counts[place] += int(number)
    return [_week_out(week, model, *counts) for (week, model), counts in sorted(sums.items())]


def _week_out(week: date, model: str, right: int, wrong: int, allowed: int) -> WeekOut:
    low, high = wilson(right, right + wrong) or (None, None)
    share = right / (right + wrong) if right + wrong else None
    return WeekOut(
        week=week, model=model, right=right, wrong=wrong, allowed=allowed, share=share, low=low, high=high
    )  # fmt: skip


def learning_of(services: Services) -> list[LearningOut]:
    """Challengers in the order of the labels that they learned from."""
    with services.look() as connection:
        rows = model_queries.all_proposals(connection, MOST_PROPOSALS)
    points = [_learning_out(row) for row in rows if row.labels is not None]
    return sorted(points, key=lambda point: (point.labels, point.proposal_id))


def _learning_out(row: FlatRow) -> LearningOut:
    before, after = (_figures(row.gate, model) for model in (row.champion, row.model))
    return LearningOut(
        proposal_id=row.id, model=row.model, champion=row.champion, labels=row.labels, at=row.created_at,
        state=ProposalState(row.state), ap50_champion=_mean_ap50(before), ap50=_mean_ap50(after),
        places=_whole(after, "dismissed_places") or 0, alarms_champion=_whole(before, "dismissed_alarms"),
        alarms=_whole(after, "dismissed_alarms"),
    )  # fmt: skip


Figures = Mapping[str, object]


def _figures(gate: Mapping[str, object], model: str) -> Figures:
    """Of one model, as the gate wrote them; empty where it did not."""
    figures = gate.get("figures")
    own = figures.get(model) if isinstance(figures, Mapping) else None
    return own if isinstance(own, Mapping) else {}


def _mean_ap50(figures: Figures) -> float | None:
    categories = figures.get("categories")
    told = categories.values() if isinstance(categories, Mapping) else ()
    shown = [one["ap50"] for one in told if isinstance(one, Mapping) and isinstance(one.get("ap50"), int | float)]
    return fmean(shown) if shown else None


def _whole(figures: Figures, name: str) -> int | None:
    value = figures.get(name)
    return int(value) if isinstance(value, int | float) else None


def proposal_out(row: FlatRow) -> ProposalOut:
    columns = {**row._asdict(), "rules": rules_of(row.gate), "report": report_address(row.id)}
    return ProposalOut.model_validate(columns)


def rules_of(gate: Mapping[str, object]) -> list[GateRule]:
    rules = gate.get("rules")
    return [GateRule.model_validate(rule) for rule in rules] if isinstance(rules, list) else []


def report_address(proposal_id: int, name: str = REPORT) -> str:
    return f"/models/proposals/{proposal_id}/report/{name}"


def shadow_out(row: FlatRow) -> ShadowRunOut:
    tally = {
        code: SeenOut(both=both, champion=alone, challenger=other) for code, (both, alone, other) in row.tally.items()
    }
    return ShadowRunOut.model_validate({**row._asdict(), "tally": tally})


def difference_out(row: FlatRow) -> DifferenceOut:
    shown = row.image if row.stored else None
    return DifferenceOut.model_validate({**row._asdict(), "image": shown, "box": BoxOut.model_validate(row)})


def threshold_out(row: FlatRow) -> ThresholdProposalOut:
    told = proposal_of(row)
    its = told.proposed
    return ThresholdProposalOut(
        id=told.id, view_id=told.view_id, view=row.view, category=told.category, found_by=told.found_by,
        before=told.before, threshold=its.threshold, low=its.interval[0], high=its.interval[1],
        cut=CountedOut.of(its.cut), kept=CountedOut.of(its.kept), kept_in_town=CountedOut.of(its.kept_in_town),
        numbers_cut=list(its.numbers_cut), model=told.model, created_at=told.created_at, state=told.state,
        decided_by=told.decided_by, decided_at=told.decided_at,
    )  # fmt: skip


def by_week(weeks: Sequence[WeekOut]) -> dict[date, dict[str, WeekOut]]:
    """By Monday and model, in the order of time."""
    found: defaultdict[date, dict[str, WeekOut]] = defaultdict(dict)
    for one in weeks:
        found[one.week][one.model] = one
    return dict(found)


def models_in(weeks: Sequence[WeekOut], most: int) -> list[str]:
    """Those that looked last, the oldest of them first."""
    newest = dict.fromkeys(week.model for week in reversed(weeks))
    return list(newest)[:most][::-1]
