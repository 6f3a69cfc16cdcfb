"""The layout holds: an application run from its root, whose names nobody else claims."""

import importlib.util
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = ("pipeline", "models", "api", "datasets", "flows")


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_each_top_level_name_is_this_checkouts(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    assert Path(spec.origin).resolve() == ROOT / name / "__init__.py"


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_no_installed_distribution_claims_a_name_of_ours(name: str) -> None:
    assert packages_distributions().get(name, []) == []


def test_no_file_of_the_flows_hides_a_top_level_or_standard_module() -> None:
    """Prefect puts a script's folder first on the path."""
    names = {path.stem for path in (ROOT / "flows").iterdir()} - {"__init__", "__main__", "__pycache__"}
    assert not names & ({*TOP_LEVEL, "tests", "benchmarks"} | sys.stdlib_module_names)
    assert not names & set(packages_distributions())


def test_an_init_holds_at_most_a_docstring() -> None:
    for name in TOP_LEVEL:
        for path in (ROOT / name).rglob("__init__.py"):
            assert not path.read_text(encoding="utf-8").strip().replace('"""', "", 1).count("import "), path


def test_the_import_contracts_are_kept() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
