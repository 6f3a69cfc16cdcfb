"""How far two readers agree beyond chance: Cohen's kappa."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from pipeline.domain.intervals import Z_95, Interval

Shares = dict[str, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    pairs: int
    agreed: int
    kappa: float | None
    """None without a pair, and where both readers only ever said the same one thing: then chance explains it all."""
    interval: Interval | None
    """95 %."""


def agreement(pairs: Iterable[tuple[str, str]]) -> Agreement:
    """Kappa of what a first and a second reader said of the same things (Cohen 1960).

    The interval rests on the large-sample variance of Fleiss, Cohen and Everitt (1969); with few pairs it is rough.
    """
    counts = Counter(pairs)
    total = sum(counts.values())
    agreed = sum(count for (first, second), count in counts.items() if first == second)
    if not total:
        return Agreement(0, 0, None, None)
    cells = {pair: count / total for pair, count in counts.items()}
    first, second = _margin(cells, 0), _margin(cells, 1)
    by_chance = sum(share * second.get(name, 0.0) for name, share in first.items())
    if by_chance >= 1:
        return Agreement(total, agreed, None, None)
    kappa = (agreed / total - by_chance) / (1 - by_chance)
    reach = Z_95 * sqrt(max(0.0, _spread(cells, (first, second), by_chance, kappa)) / total)
    return Agreement(total, agreed, kappa, (max(-1.0, kappa - reach), min(1.0, kappa + reach)))


def _margin(cells: dict[tuple[str, str], float], reader: int) -> Shares:
    shares: Shares = {}
    for pair, share in cells.items():
        shares[pair[reader]] = shares.get(pair[reader], 0.0) + share
    return shares


def _spread(
    cells: dict[tuple[str, str], float], margins: tuple[Shares, Shares], by_chance: float, kappa: float
) -> float:
    """n times the variance of kappa."""
    first, second = margins
    same, other = 0.0, 0.0
    for (said, answered), share in cells.items():
        if said == answered:
            both = first.get(said, 0.0) + second.get(said, 0.0)
            same += share * (1 - both * (1 - kappa)) ** 2
        else:
            other += share * (second.get(said, 0.0) + first.get(answered, 0.0)) ** 2
    rest = (kappa - by_chance * (1 - kappa)) ** 2
    return (same + (1 - kappa) ** 2 * other - rest) / (1 - by_chance) ** 2
