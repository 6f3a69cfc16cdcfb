"""A worker's answers that need a camera: does it answer, what does it show, is a ticket's thing still there."""

import time
from collections.abc import Mapping

from flows.errand_world import ErrandWorld, view_of
from flows.wiring import Town
from pipeline.adapters.addresses import source_kind_of, split_credentials
from pipeline.domain.camera import View
from pipeline.domain.errand import Errand
from pipeline.domain.errors import BadInput, CaptureFailed, NotFound
from pipeline.domain.frame import Frame
from pipeline.domain.patrol import Outcome
from pipeline.domain.verification import AfterLook, Opinion
from pipeline.ports import ImageKind
from pipeline.steps import verify
from pipeline.steps.look_again import Kept, capture_one, keep_frame, look_again

Answer = Mapping[str, object]
NO_VIEW = 0
"""Of an address that belongs to no camera yet."""


def probe_source(town: Town, means: ErrandWorld, errand: Errand) -> Answer:
    """Whether the view that the errand is about answers, or the address `source` of its payload, and what it shows.

    A fault is an answer too: `fault` and `why`. The address holds no credentials; a view's own come from the store.
    """
    view = _probed(town, errand)
    started = time.monotonic()
    try:
        frame = capture_one(means.cameras, view)
    except CaptureFailed as failure:
        return {"ok": False, "fault": failure.fault, "why": str(failure), "took_s": _since(started)}
    took_s = _since(started)
    kept = _kept(town, view, frame, means)
    return {**_facts(frame, kept), "took_s": took_s}


def capture_view(town: Town, means: ErrandWorld, errand: Errand) -> Answer:
    """A fresh picture of the view, redacted. Raises CaptureFailed, NotFound, DiskFull, StoreFailed."""
    view = view_of(town, int(errand.subject))
    frame = capture_one(means.cameras, view)
    return _facts(frame, _kept(town, view, frame, means))


def verify_view(town: Town, means: ErrandWorld, errand: Errand) -> Answer:
    """Look at a ticket's view again and leave what was seen, with the model's opinion, on the ticket.

    Raises NotFound, DiskFull, StoreFailed, WeightsRefused.
    """
    number = errand.subject
    with town.units.reading() as uow:
        ticket = uow.tickets.get(number)
        finding = uow.findings.get(ticket.finding_id)
    try:
        view = view_of(town, ticket.view_id)
    except NotFound as gone:
        look, kept = AfterLook(number, town.clock.now(), Outcome.unreachable, Opinion.unclear, why=str(gone)), None
    else:
        look, kept = look_again(view, (number, finding), means.world(), means.terms())
    if kept is not None:
        _note(town, kept)
    verify.take_look(town.units, look)
    return {
        "outcome": look.outcome.value,
        "opinion": look.opinion.value,
        "score": look.score,
        "image": look.image,
        "why": look.why,
        "at": look.at.isoformat(),
    }


def _probed(town: Town, errand: Errand) -> View:
    """The view as it is, or one around a bare address, which gets nobody's password. Raises NotFound, BadInput."""
    source = errand.payload.get("source")
    if source is None:
        return view_of(town, int(errand.subject))
    address, credentials = split_credentials(str(source))
    if credentials is not None:
        raise BadInput("an errand takes no password: add the camera first, then probe it")
    return View(NO_VIEW, NO_VIEW, "", "", source_kind_of(address), address)


def _kept(town: Town, view: View, frame: Frame, means: ErrandWorld) -> Kept | None:
    """None for a frame of no view, which nobody could be shown."""
    if view.id == NO_VIEW:
        return None
    kept = keep_frame(view, frame, means.world(), means.terms(), ImageKind.sighting)
    _note(town, kept)
    return kept


def _note(town: Town, kept: Kept) -> None:
    with town.units.writing() as uow:
        uow.keep_images([kept.image])


def _facts(frame: Frame, kept: Kept | None) -> dict[str, object]:
    return {
        "ok": True,
        "width": frame.width,
        "height": frame.height,
        "kind": frame.source_kind.value,
        "codec": frame.codec,
        "at": frame.at.isoformat(),
        "skew_s": None if frame.skew_s is None else round(frame.skew_s, 1),
        "image": kept.image.digest if kept else None,
    }


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)
