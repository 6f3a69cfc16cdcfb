"""Join what stands on the pavement to what the detector saw, and learn the background."""

from dataclasses import replace

from pipeline.domain.category import Category
from pipeline.domain.detection import Detection
from pipeline.domain.foreground import STREET_BUSINESS, Foreground, judged, stalls
from pipeline.domain.frame import Frame
from pipeline.domain.geometry import Box
from pipeline.steps.detect import HELPER_SCORE, Seen, sorted_out
from pipeline.steps.world import Known, Look, Terms, World


def with_foreground(look: Look, known: Known, world: World, terms: Terms) -> Look:
    """The look with static foreground as street_business, and with the background learned from this frame.

    Does nothing where no foreground gauge is wired, the town does not look for street_business, or the view has no
    pavement zone that speaks of it: without one, what stands where it may stand is not told from what may not.
    """
    category = look.view.in_force(terms.categories).get(STREET_BUSINESS)
    if world.foreground is None or category is None or look.seen is None or look.frame is None or look.reading is None:
        return look
    pavement = look.view.pavement(STREET_BUSINESS)
    if not pavement:
        return look
    foreground = world.foreground.read(look.frame, look.reading, look.memory, pavement)
    seen = _joined(look, (look.frame, look.seen), foreground, known, (category, terms))
    keep_out = _keep_out(look.seen, foreground)
    learned = world.foreground.learn(look.frame, look.reading, look.memory, foreground, keep_out)
    memory = look.memory if learned is None else replace(look.memory, backgrounds=learned)
    return replace(look, seen=seen, memory=memory)


def _joined(
    look: Look, looked: tuple[Frame, Seen], foreground: Foreground, known: Known, under: tuple[Category, Terms]
) -> Seen:
    (frame, seen), (category, terms) = looked, under
    boxes = (*seen.findable, *seen.faint, *seen.faint_helpers)
    found = stalls(foreground, boxes, known.live.get(look.view.id, []), category)
    if not found and not any(box.category == STREET_BUSINESS for box in boxes):
        return seen
    rest: list[Detection] = [judged(box, foreground) for box in boxes]
    joined = sorted_out([*rest, *found], (look.view, frame, seen.passes), terms.categories, terms.zone, seen.model)
    return replace(joined, faint_helpers=seen.faint_helpers)


def _keep_out(seen: Seen, foreground: Foreground) -> list[Box]:
    """What stands about is no background: people, vehicles, all that was found or hinted at."""
    helpers = [helper.box for helper in seen.faint_helpers if helper.score >= HELPER_SCORE]
    found = [one.box for one in (*seen.findable, *seen.faint)]
    return [*helpers, *found, *(thing.box for thing in foreground.standing)]
