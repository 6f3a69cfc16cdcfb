"""A patrol to be killed: real cameras, gauge, redactor and store, with a quick detector in place of the network.

As a program it waits for orders on standard input and forks a patrol for each, so that a hundred patrols need not load
the libraries a hundred times; each is a process of its own, to be killed by its number. Orders: `patrol` goes on until
it is killed, `rounds N` ends after N rounds.
"""

import os
import sys
from itertools import count, islice
from pathlib import Path
from uuid import uuid4

from flows.wiring import Town, assess_rules, cameras_of, open_town
from pipeline.adapters.gauge import Gauge
from pipeline.adapters.memories import SqlViewMemories
from pipeline.adapters.redactor import HeadAndPlateRedactor, find_font
from pipeline.adapters.rounds import OpenRound
from pipeline.domain.errors import StreetPatrolError
from pipeline.settings import load_settings
from pipeline.steps.visit import visit_views
from pipeline.steps.world import Summary, Terms, World
from tests.fakes import PaintDetector

REFUSED = 7
"""The exit code of a patrol that ended with a clear line of ours."""


def quick_world(town: Town) -> World:
    return World(
        source=cameras_of(town),
        gauge=Gauge(),
        detector=PaintDetector(),
        redactor=HeadAndPlateRedactor(find_font()),
        images=town.images,
        memories=SqlViewMemories(town.engine, town.prints),
        units=town.units,
        clock=town.clock,
        new_id=lambda: uuid4().hex,
    )


def run_round(town: Town, world: World, begun: OpenRound) -> Summary:
    """What the flow does, without its server."""
    plan = town.rounds.plan(begun.ref.plan)
    terms = Terms(
        categories=town.categories(),
        zone=town.settings.town_zone,
        rules=assess_rules(town.settings),
        fine_every=plan.fine_every,
        sample_share=town.settings.sample_share,
    )
    done = visit_views(begun.ref, town.fleet.views(begun.view_ids), world, terms)
    town.rounds.finish(begun.ref.id, town.clock.now())
    return done


def patrol(home: Path, rounds: int | None) -> None:
    """First what a kill cut short, then round after round."""
    with open_town(load_settings(home)) as town:
        world = quick_world(town)
        say("ready")
        for begun in town.rounds.unfinished():
            run_round(town, world, begun)
            say(f"resumed {begun.ref.id}")
        for _ in islice(count(), rounds):
            views = town.fleet.view_ids_of_plan(True, ())
            run_round(town, world, town.rounds.begin("core", views, town.clock.now()))


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def _ordered(home: Path, rounds: int | None) -> int:
    try:
        patrol(home, rounds)
    except StreetPatrolError as error:
        say(f"refused {error}")
        return REFUSED
    return 0


def main(home: Path) -> None:
    say("waiting")
    for order in sys.stdin:
        number = os.fork()
        if number == 0:
            # No clean-up of the parent's: the child leaves without a word.
            os._exit(_ordered(home, int(order.split()[1]) if " " in order else None))
        say(f"started {number}")
        say(f"ended {os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
