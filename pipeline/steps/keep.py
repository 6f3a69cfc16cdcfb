"""Which pictures of a visit are kept, and for what. Each is redacted before it is stored."""

from collections.abc import Mapping

from pipeline.domain.camera import View
from pipeline.domain.category import Category
from pipeline.domain.finding import Finding
from pipeline.domain.frame import Frame
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps.detect import Seen, helpers_for_storing
from pipeline.steps.file_tickets import Evidence
from pipeline.steps.track import Tracked
from pipeline.steps.world import Keepsake, World


def keep(
    view: View,
    frame: Frame,
    seen: Seen,
    tracked: Tracked,
    means: tuple[World, Mapping[str, Category]],
    sampled: float | None,
) -> Keepsake:
    """Store the last frame small; in full what a ticket rests on, what grew, and a sampled share of empty frames.

    `sampled`: that share, where this frame was drawn.
    """
    world, categories = means
    note = f"view {view.id} {frame.at.isoformat()}"
    pictured = frozenset(
        {*tracked.sightings} & {*tracked.born, *tracked.opened, *tracked.grown, *tracked.due_a_picture}
    )
    small = stamped(world.redactor.redact_small(frame, seen.faint_helpers), note)
    kind = ImageKind.sighting if pictured else ImageKind.last
    last = world.images.put(small, kind)
    images = [KeptImage(last, kind, view.id, len(small), frame.at)]
    evidence = None
    if tracked.opened or tracked.grown or sampled is not None:
        helpers = helpers_for_storing(frame, seen, world.detector, categories)
        plain = stamped(world.redactor.redact(frame, helpers), note)
        kind = ImageKind.evidence if tracked.opened or tracked.grown else ImageKind.sample
        digest = world.images.put(plain, kind)
        images.append(KeptImage(digest, kind, view.id, len(plain), frame.at, sampled))
        outlined = {}
        for finding in tracked.findings:
            if finding.id in tracked.opened or finding.id in tracked.grown:
                drawn = world.redactor.outlined(plain, [(finding.box, _words(finding, categories))])
                outlined[finding.id] = world.images.put(drawn, kind)
                images.append(KeptImage(outlined[finding.id], kind, view.id, len(drawn), frame.at))
        evidence = Evidence(digest, outlined)
    return Keepsake(last, tuple(images), evidence, pictured)


def _words(finding: Finding, categories: Mapping[str, Category]) -> str:
    return f"{categories[finding.category].name_zh} {finding.score:.2f}"


def stamped(jpeg: bytes, note: str) -> bytes:
    """With a JPEG comment that names view and time, so that no two visits ever share one stored file."""
    comment = note.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]
