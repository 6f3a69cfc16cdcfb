"""Intervals of shares that were counted."""

from math import sqrt

Interval = tuple[float, float]
Z_95 = 1.959963984540054


def wilson(successes: int, trials: int) -> Interval | None:
    """The 95 % interval of a share (Wilson 1927); None without a trial."""
    if not trials:
        return None
    share, square = successes / trials, Z_95**2
    middle = share + square / (2 * trials)
    reach = Z_95 * sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    scale = 1 + square / trials
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
