"""The one error tree. `str(error)` is one clear line that says what to do and holds no secret."""


class StreetPatrolError(Exception):
    """Every error that this product raises on purpose."""


class BadInput(StreetPatrolError):
    """What a person gave cannot be used: a row, an address, a zone, a setting."""


class NotFound(StreetPatrolError):
    """The thing asked for does not exist."""


class NotAllowed(StreetPatrolError):
    """The person may not do this."""


class TransitionRefused(StreetPatrolError):
    """The transition table forbids this move, or not by this role, or not without a reason."""


class CaptureFailed(StreetPatrolError):
    """No usable frame came from the source; `fault` is a stable word for counting."""

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class WeightsRefused(StreetPatrolError):
    """Weights do not load, or their class table is not the one their card promises."""


class Overtaken(StreetPatrolError):
    """Another round wrote to a view between our look at it and our writing; what we know of it is out of date."""


class StoreFailed(StreetPatrolError):
    """Images or rows could not be written or read: the disk is full, the database locked or gone."""


class DiskFull(StoreFailed):
    """No room for an image; housekeeping or the engineer must make some."""
