#!/usr/bin/env bash
# ./patrol test: format, lint, types, import contracts, tests, and a short benchmark smoke.
# With arguments: only pytest, with these.
set -euo pipefail
bin=.venv/bin

if [ "$#" -gt 0 ]; then
  exec "$bin/pytest" "$@"
fi
step() { printf '\n\033[1m• %s\033[0m\n' "$1"; }

step "page assets";      "$bin/python" -m api.assets
step "format";           "$bin/ruff" format --check --quiet .
step "lint";             "$bin/ruff" check --quiet .
step "types (mypy)";     "$bin/mypy"
step "types (pyright)";  "$bin/pyright" --warnings
step "import contracts"; "$bin/lint-imports" --no-cache
step "benchmark smoke";  "$bin/python" benchmarks/patrol_speed.py --frames 48 --smoke
step "tests";            "$bin/pytest" -n 2 --dist loadgroup -q
