"""What routes ask for: the wired services, the person who asks, and the checked parts of an address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy import Connection, Engine

from api.asked import LARGEST_ID
from api.auth import LoginGate, SessionCookie
from api.directory import Directory
from api.figure_facts import FigureMemory
from api.looks import LookMemory
from api.model_card import ModelInUse, model_in_use
from api.visit_tally import VisitTally
from pipeline.adapters.accounts import Lock, Person
from pipeline.adapters.database import reading, writing
from pipeline.adapters.images import LocalImages
from pipeline.domain.errors import NotAllowed
from pipeline.domain.ticket import Role
from pipeline.ports import Clock, UnitsOfWork
from pipeline.settings import Settings

NO_UNIT = ""
"""The scope of a handler without a unit: nothing."""
REVIEWERS = frozenset({Role.reviewer, Role.admin})


@dataclass(frozen=True, slots=True)
class Services:
    """Wired once in `create_app`."""

    settings: Settings
    engine: Engine
    units: UnitsOfWork
    images: LocalImages
    clock: Clock
    gate: LoginGate
    cookie: SessionCookie
    tally: VisitTally
    looks: LookMemory = field(default_factory=LookMemory)
    figures: FigureMemory = field(default_factory=FigureMemory)
    directory: Directory | None = None

    @property
    def lock(self) -> Lock:
        return Lock(self.settings.lock_after_tries, timedelta(minutes=self.settings.lock_minutes))

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Opened and closed in the route's own thread: a pool that threads wait for must not wait for threads."""
        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def change(self) -> Iterator[Connection]:
        with writing(self.engine) as connection:
            yield connection

    def model(self) -> ModelInUse | None:
        return model_in_use(self.units)


def services_of(request: Request) -> Services:
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def person_in(request: Request) -> Person:
    """Set by the guard before any route runs."""
    person = request.state.person
    assert isinstance(person, Person)
    return person


def scope_of(person: Person) -> str | None:
    """The unit whose tickets alone this person may see, for `TicketFilter.only_unit`; None: all tickets."""
    return person.unit or NO_UNIT if person.role is Role.handler else None


def reviewer_in(request: Request) -> Person:
    """Raises NotAllowed for those who may only look."""
    person = person_in(request)
    if person.role not in REVIEWERS:
        raise NotAllowed(f"a {person.role} may not do this; ask a reviewer")
    return person


Wired = Annotated[Services, Depends(services_of)]
Asking = Annotated[Person, Depends(person_in)]
Reviewing = Annotated[Person, Depends(reviewer_in)]
TicketNumber = Annotated[
    str,
    Path(
        pattern=r"^[A-Z]{2}-[0-9]{8}-[0-9]{4,8}$",
        description="the ticket's number",
        examples=["XJ-20261123-0007"],
    ),
]
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]
