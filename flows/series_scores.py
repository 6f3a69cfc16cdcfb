"""What a series came to: which ticket is for which thing, what was missed or late, what was false."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import exp, lgamma, log
from statistics import median

from datasets.series.day import DAY_S, Kind, Stay
from pipeline.domain.category import Category
from pipeline.domain.geometry import Box

SAME_THING = 0.3
"""Of the smaller of ticket and thing, shared with the other."""
MOST_LARGER = 12.0
"""A ticket's box so many times as large as a thing speaks of something else."""
LARGE_LITTER_PX = 48
LARGE_LITTER_WITHIN = timedelta(minutes=15)
LITTER_STAYS = timedelta(minutes=30)
AFTER_FINE = timedelta(minutes=15)
"""Beside one interval of the fine pass, for what only that one finds."""
AFTER_DWELL = timedelta(minutes=5)
"""Beside its dwell time, for a stall."""
INTERVAL_TAIL = 0.025
HALVINGS = 80
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Filed:
    """A ticket of the series."""

    number: str
    view: str
    category: str
    at_s: float
    """Since the day began."""
    box: Box
    score: float
    picture: bytes = b""
    """JPEG: the ticket's evidence with its box."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a ticket was for: the view's stay of this number, or what else was there."""

    filed: Filed
    stay: Stay | None
    again: bool = False
    """The thing had a ticket before."""
    over: str = ""
    """Of a false one: what of another category is at its place, if anything was put there."""


@dataclass(frozen=True, slots=True)
class Group:
    """Things that are judged by one time limit."""

    name: str
    category: str
    within_s: float
    """From its onset to the ticket."""
    stays_s: float
    """Only what stays so long is due."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How one group fared."""

    put: int = 0
    due: int = 0
    found: int = 0
    """Of all that was put, whenever and however late."""
    found_due: int = 0
    in_time: int = 0
    """Of those due."""
    minutes: tuple[float, ...] = ()

    @property
    def share_in_time(self) -> float | None:
        return self.in_time / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Score:
    camera_days: float
    tallies: Mapping[str, Tally]
    groups: Mapping[str, Group]
    verdicts: tuple[Verdict, ...]
    missed: tuple[tuple[str, Stay], ...] = ()
    """Due, and never ticketed: by view."""
    false: Mapping[str, int] = field(default_factory=dict)
    again: Mapping[str, int] = field(default_factory=dict)
    """Further tickets for one thing, by category."""

    @property
    def false_tickets(self) -> tuple[Filed, ...]:
        return tuple(verdict.filed for verdict in self.verdicts if verdict.stay is None)


def groups_of(categories: Mapping[str, Category], fine_every: timedelta) -> dict[str, Group]:
    """The limits that the product promises, in seconds."""
    stall, cable, ad = (categories[code] for code in ("street_business", "charging_cable", "illegal_ad"))
    fine_s = (fine_every + AFTER_FINE).total_seconds()
    stall_s = (stall.persistence.dwell + AFTER_DWELL).total_seconds()
    groups = [
        Group("litter_large", "litter", LARGE_LITTER_WITHIN.total_seconds(), LITTER_STAYS.total_seconds()),
        Group("litter_small", "litter", fine_s, fine_s),
        Group("street_business", "street_business", stall_s, stall_s),
    ]
    for category in (cable, ad):
        limit_s = category.persistence.dwell.total_seconds() + fine_s
        groups.append(Group(category.code, category.code, limit_s, limit_s))
    return {group.name: group for group in groups}


def group_of(stay: Stay) -> str | None:
    if stay.kind is Kind.litter:
        return "litter_large" if stay.size_px >= LARGE_LITTER_PX else "litter_small"
    return stay.category


def judged(filed: Sequence[Filed], there: Sequence[Mapping[Stay, Box]]) -> list[Verdict]:
    """`there`: for each ticket what stood in its view at its time. Tickets of one view in the order of time."""
    known: set[tuple[str, Stay]] = set()
    verdicts = []
    for ticket, boxes in zip(filed, there, strict=True):
        near = [stay for stay, box in boxes.items() if _same(ticket.box, box)]
        right = [stay for stay in near if stay.category == ticket.category]
        fresh = [stay for stay in right if (ticket.view, stay) not in known]
        if not right:
            over = ", ".join(sorted(stay.kind.value for stay in near))
            verdicts.append(Verdict(ticket, None, over=over))
            continue
        best = max(fresh or right, key=lambda stay: boxes[stay].iou(ticket.box))
        verdicts.append(Verdict(ticket, best, again=not fresh))
        known.add((ticket.view, best))
    return verdicts


def scored(
    verdicts: Sequence[Verdict], put: Sequence[tuple[str, Stay, float]], camera_s: float, groups: Mapping[str, Group]
) -> Score:
    """`put`: everything that stood somewhere, with its view and how long that view was patrolled, in seconds."""
    first = {(v.filed.view, v.stay): v.filed.at_s for v in reversed(verdicts) if v.stay is not None}
    tallies = dict.fromkeys(groups, Tally())
    missed = []
    for view, stay, lasts_s in put:
        name = group_of(stay)
        if name is None:
            continue
        group, at_s = groups[name], first.get((view, stay))
        is_due = stay.stays_s >= group.stays_s and stay.from_s + group.within_s <= lasts_s
        tallies[name] = _with(tallies[name], stay, at_s, group, is_due)
        if is_due and at_s is None:
            missed.append((view, stay))
    false = [v.filed.category for v in verdicts if v.stay is None]
    again = [v.filed.category for v in verdicts if v.again]
    return Score(
        camera_s / DAY_S, tallies, groups, tuple(verdicts), tuple(missed),
        {code: false.count(code) for code in sorted(set(false))},
        {code: again.count(code) for code in sorted(set(again))},
    )  # fmt: skip


def _with(tally: Tally, stay: Stay, at_s: float | None, group: Group, is_due: bool) -> Tally:
    took_s = None if at_s is None else at_s - stay.from_s
    found = took_s is not None
    return Tally(
        put=tally.put + 1,
        due=tally.due + is_due,
        found=tally.found + found,
        found_due=tally.found_due + (is_due and found),
        in_time=tally.in_time + (is_due and took_s is not None and took_s <= group.within_s),
        minutes=(*tally.minutes, took_s / MINUTE_S) if took_s is not None else tally.minutes,
    )


def _same(ticket: Box, thing: Box) -> bool:
    return ticket.overlap_of_smaller(thing) >= SAME_THING and ticket.area <= MOST_LARGER * thing.area


def poisson_interval(count: int, over: float) -> tuple[float, float]:
    """The exact 95 % interval of a rate of which `count` were seen in `over` (Garwood)."""
    if over <= 0:
        return 0.0, float("inf")
    low = 0.0 if count == 0 else _where(lambda mean: 1 - _at_most(count - 1, mean), INTERVAL_TAIL, count)
    high = _where(lambda mean: 1 - _at_most(count, mean), 1 - INTERVAL_TAIL, count)
    return low / over, high / over


def _at_most(count: int, mean: float) -> float:
    """Probability of at most `count` where `mean` are expected."""
    if mean <= 0:
        return 1.0
    return min(1.0, sum(exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(count + 1)))


def _where(rising: Callable[[float], float], level: float, count: int) -> float:
    """The mean at which a rising probability reaches `level`, by halving."""
    low, high = 0.0, 10.0 * (count + 5)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return (low + high) / 2


def as_json(score: Score) -> dict[str, object]:
    """Every figure by plain names, times in minutes."""
    return {
        **false_json(score),
        "tickets_again": dict(score.again),
        "groups": {name: _tally_json(tally, score.groups[name]) for name, tally in score.tallies.items()},
        "tickets": [_verdict_json(verdict) for verdict in score.verdicts],
        "missed": [{"view": view, **_stay_json(stay)} for view, stay in score.missed],
    }


def false_json(score: Score) -> dict[str, object]:
    """False tickets over all categories and by each, with exact 95 % intervals of the rate."""
    total = sum(score.false.values())
    codes = sorted({group.category for group in score.groups.values()} | set(score.false))
    return {
        "camera_days": round(score.camera_days, 3),
        "false_tickets": total,
        **_rate_json(total, score.camera_days),
        "false_by_category": {
            code: {"false_tickets": score.false.get(code, 0), **_rate_json(score.false.get(code, 0), score.camera_days)}
            for code in codes
        },
    }


def _rate_json(count: int, camera_days: float) -> dict[str, object]:
    low, high = poisson_interval(count, camera_days)
    return {
        "false_per_camera_day": round(count / camera_days, 3) if camera_days else None,
        "false_per_camera_day_interval": [round(low, 3), round(high, 3)] if camera_days else None,
    }


def _tally_json(tally: Tally, group: Group) -> dict[str, object]:
    share = tally.share_in_time
    return {
        "put": tally.put,
        "due": tally.due,
        "found": tally.found,
        "found_due": tally.found_due,
        "found_in_time": tally.in_time,
        "share_in_time": None if share is None else round(share, 3),
        "limit_minutes": round(group.within_s / MINUTE_S, 1),
        "minutes_to_ticket_median": round(median(tally.minutes), 1) if tally.minutes else None,
        "minutes_to_ticket_p90": round(nearest_p90(tally.minutes), 1) if tally.minutes else None,
    }


def nearest_p90(values: Sequence[float]) -> float:
    """The value that nine tenths do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-9 * len(ordered) // 10) - 1)]


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    filed = verdict.filed
    box = [round(side, 4) for side in (filed.box.left, filed.box.top, filed.box.right, filed.box.bottom)]
    stay = verdict.stay
    return {
        "number": filed.number, "view": filed.view, "category": filed.category, "at_s": round(filed.at_s),
        "score": round(filed.score, 3), "box": box, "true": stay is not None, "again": verdict.again,
        "over": verdict.over, "minutes": None if stay is None else round((filed.at_s - stay.from_s) / MINUTE_S, 1),
    }  # fmt: skip


def _stay_json(stay: Stay) -> dict[str, object]:
    return {
        "kind": stay.kind.value, "size_px": stay.size_px, "from_s": round(stay.from_s), "until_s": round(stay.until_s),
    }  # fmt: skip
