"""`python -m flows` is `./patrol`."""

from flows.cli import main

main()
