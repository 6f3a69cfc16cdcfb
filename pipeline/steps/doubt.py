"""Which frames on which nothing was found are worth keeping for people to look at."""

from datetime import timedelta

from pipeline.domain.asking import Guess, doubt
from pipeline.domain.category import Category
from pipeline.domain.detection import Detection
from pipeline.domain.finding import Finding, same_place
from pipeline.steps.world import Known, Look, Terms

LEAST_DOUBT = 0.5
"""Of a frame that is kept: one box at 0.29 or 0.62 under a threshold of 0.45."""
DAY = timedelta(days=1)


def undecided_of(look: Look, known: Known, terms: Terms) -> tuple[Guess, ...]:
    """The boxes that nearly reached their thresholds; empty where something did, or where the view had its share.

    What lies where a finding is live is asked about already, by its ticket.
    """
    frame, seen, view = look.frame, look.seen, look.view
    if frame is None or seen is None or seen.findable or not _may_keep(look, known, terms):
        return ()
    categories, local = view.in_force(terms.categories), frame.at.astimezone(terms.zone)
    live = known.live.get(view.id, [])
    guesses = tuple(
        Guess(box.score, categories[box.category].threshold_of(box.found_by), box.category)
        for box in seen.faint
        if view.counts(box, local) and not _is_known(box, live, categories[box.category])
    )
    return guesses if doubt(guesses) >= LEAST_DOUBT else ()


def _may_keep(look: Look, known: Known, terms: Terms) -> bool:
    """So many a day, evenly spaced: what is doubtful at noon is often so all noon long."""
    if not terms.doubtful_daily or look.frame is None:
        return False
    before = known.doubted_at.get(look.view.id)
    return before is None or look.frame.at - before >= DAY / terms.doubtful_daily


def _is_known(box: Detection, live: list[Finding], category: Category) -> bool:
    return any(one.category == box.category and same_place(one.box, box.box, category) for one in live)
