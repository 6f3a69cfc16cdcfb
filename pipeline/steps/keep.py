"""Which pictures of a visit are kept, and for what. Each is redacted before it is stored."""

from collections.abc import Mapping

from pipeline.domain.category import Category
from pipeline.domain.finding import Finding
from pipeline.domain.frame import Frame
from pipeline.ports import ImageKind, KeptImage
from pipeline.steps.detect import Seen, helpers_for_storing
from pipeline.steps.file_tickets import Evidence
from pipeline.steps.world import Keepsake, Look, World


def keep(
    look: Look, shot: tuple[Frame, Seen], world: World, categories: Mapping[str, Category], sampled: float | None
) -> Keepsake:
    """Store the last frame small; in full what a ticket rests on, what grew, a sampled share of empty frames, and what
    people are to be asked about.

    `sampled`: that share, where this frame was drawn. Such a one is never asked about: it would be no fair sample.
    """
    (frame, seen), view, tracked = shot, look.view, look.tracked
    note = f"view {view.id} {frame.at.isoformat()}"
    pictured = frozenset(
        {*tracked.sightings} & {*tracked.born, *tracked.opened, *tracked.grown, *tracked.due_a_picture}
    )
    small = stamped(world.redactor.redact_small(frame, seen.faint_helpers), note)
    kind = ImageKind.sighting if pictured else ImageKind.last
    last = world.images.put(small, kind)
    images = [KeptImage(last, kind, view.id, len(small), frame.at)]
    in_full = _in_full(look, sampled)
    if in_full is None:
        return Keepsake(last, tuple(images), None, pictured)
    helpers = helpers_for_storing(frame, seen, world.detector, categories)
    plain = stamped(world.redactor.redact(frame, helpers), note)
    digest = world.images.put(plain, in_full)
    images.append(KeptImage(digest, in_full, view.id, len(plain), frame.at, sampled))
    outlined = {}
    for finding in tracked.findings:
        if finding.id in tracked.opened or finding.id in tracked.grown:
            drawn = world.redactor.outlined(plain, [(finding.box, _words(finding, categories))])
            outlined[finding.id] = world.images.put(drawn, in_full)
            images.append(KeptImage(outlined[finding.id], in_full, view.id, len(drawn), frame.at))
    asked = digest if _is_asked(look) and sampled is None else None
    return Keepsake(last, tuple(images), Evidence(digest, outlined), pictured, asked)


def _in_full(look: Look, sampled: float | None) -> ImageKind | None:
    """What the frame is stored in full for; None: for nothing."""
    if look.tracked.opened or look.tracked.grown:
        return ImageKind.evidence
    if sampled is not None:
        return ImageKind.sample
    return ImageKind.asked if _is_asked(look) else None


def _is_asked(look: Look) -> bool:
    return bool(look.undecided or (look.compared and look.compared.differences))


def _words(finding: Finding, categories: Mapping[str, Category]) -> str:
    return f"{categories[finding.category].name_zh} {finding.score:.2f}"


def stamped(jpeg: bytes, note: str) -> bytes:
    """With a JPEG comment that names view and time, so that no two visits ever share one stored file."""
    comment = note.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]
