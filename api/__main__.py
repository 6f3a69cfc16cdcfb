"""`python -m api`: serve pages and API until told to stop."""

import sys

import uvicorn

from api.app import create_app
from pipeline.domain.errors import StreetPatrolError
from pipeline.settings import load_settings

GRACE_S = 5


def main() -> int:
    try:
        settings = load_settings()
        app = create_app(settings)
    except StreetPatrolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
