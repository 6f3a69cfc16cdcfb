"""A worker's answers to the camera pages: how a view moved, a picture as reference, plans as deployments."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flows.wiring import Town, adopt_environment
from pipeline.adapters.alignment import aligned
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.picture import Picture
from pipeline.domain.audit import Audit
from pipeline.domain.camera import View
from pipeline.domain.errand import Errand
from pipeline.domain.errors import BadInput, Overtaken
from pipeline.domain.frame import Frame, Reading, ViewMemory
from pipeline.domain.patrol import Mode
from pipeline.ports import ImageKind, KeptImage, ViewGauge

MOST_TRIES = 5
"""Of a reference that rounds keep overtaking."""
Answer = dict[str, object]


def align_view(town: Town, _world: object, errand: Errand) -> Answer:
    """Where what the picture `old` shows lies in the picture `new`. Raises BadInput where that cannot be told."""
    view = _view(town, errand)
    old, new = (town.images.get(_text(errand.payload, name)) for name in ("old", "new"))
    found = aligned(old, new, view.masks())
    return {
        "transform": list(found.transform),
        "agreeing": found.agreeing,
        "confidence": round(found.confidence, 3),
        "old": errand.payload["old"],
        "new": errand.payload["new"],
    }


def take_reference(town: Town, _world: object, errand: Errand) -> Answer:
    """The picture `image`, which a person approved, as what the view looks like in its mode from here on.

    With `moved` the other modes' references and the backgrounds go: they show the old pose. Raises StoreFailed,
    NotFound, CaptureFailed("corrupt").
    """
    view = _view(town, errand)
    image = _text(errand.payload, "image")
    jpeg = town.images.get(image)
    at = town.clock.now()
    for _ in range(MOST_TRIES):
        try:
            mode = _taken(town, view, errand, (image, jpeg), at)
        except Overtaken:
            continue
        return {"mode": mode.value, "image": image}
    raise BadInput("rounds keep visiting this view; approve the picture again in a minute")


def _taken(town: Town, view: View, errand: Errand, picture: tuple[str, bytes], at: datetime) -> Mode:
    image, jpeg = picture
    memories = SqlViewMemories(town.engine, town.prints)
    with town.units.reading() as uow:
        revision = uow.visits.revisions([view.id])[view.id]
    memory = memories.load([view.id])[view.id]
    reading = _read(Gauge(), view, memory, jpeg, at)
    asked = errand.payload.get("mode")
    mode = Mode(str(asked)) if asked else reading.mode
    moved = bool(errand.payload.get("moved"))
    staged = memories.stage({view.id: _with_reference(memory, reading, mode, moved)})
    with town.units.writing() as uow:
        if uow.visits.revisions([view.id])[view.id] != revision:
            raise Overtaken("a round visited the view meanwhile")
        uow.save_memories(staged)
        if moved:
            uow.views.forget_references(view.id)
        uow.views.approve(view.id, mode, image, errand.asked_by, at)
        uow.views.rest_no_longer(view.id)
        uow.views.overtake(view.id)
        uow.keep_images([KeptImage(image, ImageKind.reference, view.id, len(jpeg), at)])
        facts = {"mode": mode.value, "image": image, "moved": moved}
        uow.audit(Audit(at, errand.asked_by, "reference_approved", "view", f"{view.id} {view.name}", None, facts))
    memories.forget_prints(staged)
    return mode


def _read(gauge: ViewGauge, view: View, memory: ViewMemory, jpeg: bytes, at: datetime) -> Reading:
    picture = Picture.from_bytes(jpeg)
    frame = Frame(picture, picture.width, picture.height, at, at, view.source_kind)
    return gauge.read(frame, ViewMemory(text_areas=memory.text_areas), view.masks())


def _with_reference(memory: ViewMemory, reading: Reading, mode: Mode, moved: bool) -> ViewMemory:
    """The next visit is detected anew; nothing of a former pose is compared with."""
    others = {} if moved else memory.references
    return replace(
        memory,
        references={**others, mode: reading.print},
        backgrounds={} if moved else memory.backgrounds,
        detected_print=None if moved else memory.detected_print,
        detected_at=None if moved else memory.detected_at,
        detected_under="",
        text_areas=reading.text_areas,
        moved_in_a_row=0,
    )


def deploy_plans(town: Town, _world: object, _errand: Errand) -> Answer:
    """Bring Prefect's deployments in line with the plans; without a server `./patrol up` does so when it starts."""
    from flows.supervision import server_answers  # noqa: PLC0415

    if not server_answers(town.settings):
        return {"followed": False}
    adopt_environment(town.settings, with_server=True)
    from flows.deployments import deploy  # noqa: PLC0415  # prefect reads its settings when imported

    plans = town.rounds.plans()
    home, settings = str(town.settings.home.resolve()), town.settings
    asyncio.run(deploy(plans, home, settings.zone, settings.retrain_cron))
    return {"followed": True, "plans": len(plans)}


def _view(town: Town, errand: Errand) -> View:
    views = town.fleet.views([int(errand.subject)])
    if not views:
        raise BadInput(f"view {errand.subject} is in no round: switch its camera on first")
    return views[0]


def _text(payload: Mapping[str, object], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise BadInput(f"the errand names no {name}")
    return value
