"""What the documents say is there: links, commands, settings, columns and figures; and nothing of anybody's machine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from flows.cli import app
from pipeline.adapters.camera_lists import CHINESE_COLUMNS, COLUMNS, read_camera_list
from pipeline.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "models/README.md")
WEIGHTS = ROOT / "models" / "weights"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\./patrol((?: +[a-z][a-z-]*)*)")
OPTION = re.compile(r"\./patrol[^`\n#|)]*")
VARIABLE = re.compile(rf"{PREFIX}[A-Z_]+")
LOCAL = re.compile(r"(?<![\w.}*$])/(?:work|tmp|home|root|Users)/[\w.]")
"""A path on somebody's machine; not one below a variable or a project's own folder."""
PIN = re.compile(r"(#.*|[A-Za-z0-9_.-]+==[A-Za-z0-9_.+!-]+)?( *#.*)?")
INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_INDEX_URL", "UV_DEFAULT_INDEX",
           "NPM_CONFIG_REGISTRY", "HTTP_PROXY", "HTTPS_PROXY")  # fmt: skip
PUBLIC_HOSTS = frozenset({"pypi.org", "registry.npmjs.org", "download.pytorch.org", "127.0.0.1"})
WRAPPER_ONLY = frozenset({"test"})
LARGEST_PICTURE_BYTES = 250_000
LARGEST_TEXT_BYTES = 2_000_000


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[Path]:
    """Every file of the project, also those not committed yet."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    answer = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in answer.stdout.split("\0") if name and (ROOT / name).is_file()]


def verb_of(words: Iterable[str]) -> tuple[TyperCommand | TyperGroup, list[str]]:
    """The command that the words name, and those left over: its arguments. Raises KeyError for an unknown verb."""
    left = list(words)
    command = get_command(app)
    while left and isinstance(command, TyperGroup):
        command = command.commands[left.pop(0)]
    assert isinstance(command, TyperCommand | TyperGroup)
    return command, left


def unknown_options(line: str, command: TyperCommand | TyperGroup) -> set[str]:
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return set(re.findall(r"(?<!\S)--[a-z-]+", line)) - known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    targets = [target for target in LINK.findall(text_of(name)) if "://" not in target and not target.startswith("#")]
    missing = [
        target for target in targets if not (ROOT / name).parent.joinpath(unquote(target.split("#")[0])).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_named_is_one(name: str) -> None:
    for words in COMMAND.findall(text_of(name)):
        if words.split() and words.split()[0] not in WRAPPER_ONLY:
            verb_of(words.split())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_option_named_is_one_of_its_command(name: str) -> None:
    for line in OPTION.findall(text_of(name)):
        words = re.match(COMMAND, line)
        verbs = words[1].split() if words else []
        if verbs and verbs[0] not in WRAPPER_ONLY:
            assert unknown_options(line, verb_of(verbs)[0]) == set(), line


def test_a_command_or_option_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(KeyError):
        verb_of(["cameras", "paint"])
    assert unknown_options("./patrol round --tomes 3", verb_of(["round"])[0]) == {"--tomes"}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_variable_named_is_a_setting(name: str) -> None:
    settings = {PREFIX + field.upper() for field in Settings.model_fields}
    assert {variable for variable in VARIABLE.findall(text_of(name)) if variable != PREFIX} - settings == set()


def test_the_readme_names_every_column_of_a_camera_list_in_both_languages() -> None:
    readme = text_of("README.md")
    assert [name for name in COLUMNS if f"`{name}`" not in readme] == []
    assert [name for name in CHINESE_COLUMNS if name not in readme] == []


def test_the_example_camera_list_is_taken_without_complaint() -> None:
    good, bad = read_camera_list(ROOT / "docs" / "cameras.csv")
    assert bad == {}
    assert len(good) == len(text_of("docs/cameras.csv").splitlines()) - 1


def test_the_readme_gives_the_figures_of_the_weights_that_ship() -> None:
    shipped = (WEIGHTS / "DEFAULT").read_text(encoding="utf-8").strip()
    card = yaml.safe_load((WEIGHTS / f"{shipped}.yaml").read_text(encoding="utf-8"))
    row = next(line for line in text_of("README.md").splitlines() if line.startswith("| litter on"))
    figures = card["figures"]
    told = [figures[key] for key in ("litter_ap50", "litter_precision_at_threshold", "litter_recall_at_threshold")]
    told += [figures["pictures"], card["thresholds"]["litter"]["fast"]]
    assert [figure for figure in told if not re.search(rf"(?<![\d.]){re.escape(str(figure))}(?!\d)", row)] == []


def test_the_licence_is_the_whole_text() -> None:
    licence = text_of("LICENSE")
    assert licence.splitlines()[0].strip() == "GNU AFFERO GENERAL PUBLIC LICENSE"
    assert "END OF TERMS AND CONDITIONS" in licence
    assert all(f"\n  {number}. " in licence for number in range(18))


def test_pictures_of_the_documents_are_small() -> None:
    pictures = sorted((ROOT / "docs").glob("*.png"))
    assert pictures
    assert [picture.name for picture in pictures if picture.stat().st_size > LARGEST_PICTURE_BYTES] == []


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    hosts = own_hosts()
    found = []
    for path in tracked():
        if path.stat().st_size > LARGEST_TEXT_BYTES or path == Path(__file__).resolve():
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(lines, 1)
            if LOCAL.search(line) or str(ROOT) in line or any(host in line for host in hosts)
        ]
    assert found == []


def own_hosts() -> set[str]:
    """Hosts of the indexes and proxies that this machine was told to use, but for the public ones."""
    told = [os.environ.get(name, "") for name in (*INDEXES, *(name.lower() for name in INDEXES))]
    hosts = {urlsplit(address).hostname or "" for text in told for address in text.split()}
    return {host for host in hosts if "." in host and host not in PUBLIC_HOSTS}


def test_pins_name_versions_and_no_place() -> None:
    pins = [line for name in ("run", "test") for line in text_of(f"requirements/{name}.txt").splitlines()]
    assert [line for line in pins if not PIN.fullmatch(line.strip())] == []
    assert '"resolved"' not in text_of("package-lock.json")
