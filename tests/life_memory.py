"""Ports of a ticket's life kept in memory, for walks by the thousand. A failed step leaves nothing behind."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from pipeline.adapters.history_chain import START as BEFORE_ALL
from pipeline.adapters.history_chain import entry_hash
from pipeline.adapters.ticket_repository import history_columns
from pipeline.domain.category import DEFAULT_CATEGORIES, Category
from pipeline.domain.dispatch import DispatchRule
from pipeline.domain.errors import NotFound
from pipeline.domain.finding import Finding
from pipeline.domain.site import Site, SiteKind, Tier
from pipeline.domain.ticket import HistoryEntry, Ticket
from pipeline.domain.verification import AfterLook
from pipeline.domain.working_time import DEFAULT_HOURS, DeadlineTerms, WeekCalendar
from pipeline.ports import UnitOfWork
from tests.life import SITE, UNITS

TOWN_SITE = Site(SITE, SiteKind.shop, True, True, "", None, {Tier(tier): unit for unit, tier in UNITS.items()})


@dataclass
class MemoryTown:
    """All that a unit of work reads and writes; the three small ports stand in it side by side."""

    known: dict[str, Ticket] = field(default_factory=dict)
    history: list[tuple[HistoryEntry, str]] = field(default_factory=list)
    """Entries with their hashes, of one ticket."""
    looks: dict[str, AfterLook] = field(default_factory=dict)
    things: dict[str, Finding] = field(default_factory=dict)

    @property
    def tickets(self) -> "MemoryTickets":
        return MemoryTickets(self)

    @property
    def findings(self) -> "MemoryFindings":
        return MemoryFindings(self)

    @property
    def rules(self) -> "MemoryRules":
        return MemoryRules()

    @property
    def errands(self) -> "MemoryErrands":
        return MemoryErrands()

    def categories(self) -> dict[str, Category]:
        return {category.code: category for category in DEFAULT_CATEGORIES}

    def deadline_terms(self, category: str, unit: str | None) -> DeadlineTerms:
        return DeadlineTerms(self.categories()[category].deadline, DEFAULT_HOURS, WeekCalendar())

    def bump(self, topic: str) -> None:
        pass

    def chain_holds(self) -> bool:
        previous = BEFORE_ALL
        for entry, digest in self.history:
            if entry_hash(history_columns(entry), previous) != digest:
                return False
            previous = digest
        return True


@dataclass(frozen=True)
class MemoryTickets:
    town: MemoryTown

    def add(self, ticket: Ticket, history: HistoryEntry) -> None:
        self.save(ticket, history)

    def get(self, number: str) -> Ticket:
        if number not in self.town.known:
            raise NotFound(f"no ticket {number}")
        return self.town.known[number]

    def save(self, ticket: Ticket, history: HistoryEntry) -> None:
        self.town.known[ticket.number] = ticket
        self.note(history)

    def note(self, history: HistoryEntry) -> None:
        previous = self.town.history[-1][1] if self.town.history else BEFORE_ALL
        self.town.history.append((history, entry_hash(history_columns(history), previous)))

    def attach(self, number: str, images: Mapping[str, str], at: datetime) -> None:
        pass

    def add_look(self, look: AfterLook) -> None:
        self.town.looks[look.number] = look

    def newest_look(self, number: str) -> AfterLook | None:
        return self.town.looks.get(number)


@dataclass(frozen=True)
class MemoryFindings:
    town: MemoryTown

    def get(self, finding_id: str) -> Finding:
        return self.town.things[finding_id]

    def save(self, findings: list[Finding]) -> None:
        self.town.things.update({finding.id: finding for finding in findings})


class MemoryRules:
    def all(self) -> tuple[DispatchRule, ...]:
        return (DispatchRule(1, (Tier.department, Tier.community), site_kind=SiteKind.shop),)

    def site(self, name: str) -> Site:
        return TOWN_SITE

    def units(self) -> dict[str, Tier]:
        return {unit: Tier(tier) for unit, tier in UNITS.items()}


class MemoryErrands:
    """Nobody runs them."""

    def ask(self, kind: str, subject: str, payload: Mapping[str, object], who: str, at: datetime) -> int:
        return 1


class MemoryUnits:
    """Port UnitsOfWork: a step works on a copy, which takes the place of the town where the step succeeds."""

    def __init__(self) -> None:
        self.town = MemoryTown()

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        town = copy(self.town)
        town.known, town.history = dict(town.known), list(town.history)
        town.looks, town.things = dict(town.looks), dict(town.things)
        yield cast(UnitOfWork, town)
        self.town = town

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        yield cast(UnitOfWork, self.town)
