"""Lists of cameras as towns send them: CSV in UTF-8 or GB 18030, and XLSX. Good rows, and why the others are not."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path

from geocoordinates_ffi import Gcj02, gcj02_to_wgs84_refined
from python_calamine import CalamineError, CalamineWorkbook

from pipeline.adapters.addresses import Credentials, source_kind_of, split_credentials
from pipeline.domain.errors import BadInput
from pipeline.domain.site import Position, Site, SiteKind, Tier

COLUMNS = (
    "name", "site", "site_kind", "key_point", "core_zone", "address", "latitude", "longitude", "datum",
    "leader", "department", "community", "source",
)  # fmt: skip
NEEDED = ("name", "site", "source")
LONGEST = {"name": 80, "site": 80, "address": 200, "leader": 80, "department": 80, "community": 80, "source": 1000}
"""What the tables hold, in characters."""
TIER_COLUMNS = {Tier.leader: "leader", Tier.department: "department", Tier.community: "community"}
CHINESE_COLUMNS = {
    "名称": "name", "点位": "site", "点位类型": "site_kind", "重点点位": "key_point", "核心区": "core_zone",
    "地址": "address", "纬度": "latitude", "经度": "longitude", "坐标系": "datum", "责任领导": "leader",
    "责任部门": "department", "责任社区": "community", "视频地址": "source",
}  # fmt: skip
CHINESE_KINDS = {
    "工地": "construction_site", "主干道": "main_road", "路口": "crossing", "商铺": "shop", "小区": "compound",
    "背街小巷": "back_street",
}  # fmt: skip
YES = {"1", "yes", "true", "y", "是"}
NO = {"", "0", "no", "false", "n", "否"}
DATUMS = {"": "wgs-84", "wgs-84": "wgs-84", "wgs84": "wgs-84", "gcj-02": "gcj-02", "gcj02": "gcj-02"}
ZIP_START = b"PK\x03\x04"
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class CameraRow:
    """One good row of a camera list."""

    name: str
    site: Site
    source: str
    credentials: Credentials | None


@dataclass(frozen=True, slots=True)
class CameraList:
    """Good rows and the reasons of the bad ones, each by the number that a spreadsheet shows beside it."""

    good: dict[int, CameraRow]
    bad: dict[int, str]


def read_camera_list(path: Path) -> tuple[list[CameraRow], dict[int, str]]:
    """Good rows, and the reason for each bad one by its line. Raises BadInput where the file itself is of no use."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    read = camera_list_of(content, path.name)
    return list(read.good.values()), read.bad


def camera_list_of(content: bytes, file_name: str) -> CameraList:
    """A CSV or XLSX file, told apart by what is in it. Raises BadInput where the file itself is of no use."""
    if content.startswith(ZIP_START):
        return _from_sheet(content, file_name)
    reader = csv.DictReader(StringIO(_text_of(content, file_name), newline=""))
    try:
        reader.fieldnames = _columns(reader.fieldnames or [], file_name)
        return _read((reader.line_num, cells) for cells in reader)
    except csv.Error as error:
        raise BadInput(f"{file_name}, line {reader.line_num}: {error}") from None


def _text_of(content: bytes, file_name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):  # the second is what spreadsheets write here
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise BadInput(f"{file_name} is no text in UTF-8 or GB 18030; save it as CSV or XLSX")


def _from_sheet(content: bytes, file_name: str) -> CameraList:
    """The first sheet; its first line names the columns."""
    try:
        sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
        lines = sheet.to_python(skip_empty_area=False, nrows=MOST_ROWS + 2)
    except (CalamineError, IndexError, OSError, ValueError):
        raise BadInput(f"{file_name} is no XLSX that can be read; save it anew, or as CSV") from None
    names = _columns([_cell_text(cell) for cell in lines[0]] if lines else [], file_name)
    numbered = (
        (number, dict(zip(names, map(_cell_text, line), strict=False))) for number, line in enumerate(lines[1:], 2)
    )
    return _read((number, cells) for number, cells in numbered if any(cells.values()))


def _cell_text(cell: object) -> str:
    """As people read it: a spreadsheet holds 1 as 1.0 and yes as True."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return f"{cell:.10g}"
    return str(cell).strip()


def _columns(found: Iterable[str], file_name: str) -> list[str]:
    names = [CHINESE_COLUMNS.get(name.strip(), name.strip()) for name in found]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise BadInput(f"{file_name}: no column {', '.join(missing)}; the first line names {', '.join(COLUMNS)}")
    return names


def _read(numbered: Iterable[tuple[int, Mapping[str, str | None]]]) -> CameraList:
    read = CameraList({}, {})
    seen: set[str] = set()
    for number, cells in _at_most(numbered):
        try:
            row = camera_row({name: (cells.get(name) or "").strip() for name in COLUMNS})
            if row.name in seen:
                raise BadInput(f"the name {row.name} stands above already")
            seen.add(row.name)
            read.good[number] = row
        except BadInput as error:
            read.bad[number] = str(error)
    return read


def _at_most(
    numbered: Iterable[tuple[int, Mapping[str, str | None]]],
) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    for place, line in enumerate(numbered):
        if place == MOST_ROWS:
            raise BadInput(f"more than {MOST_ROWS} cameras in one file; cut it into parts")
        yield line


def camera_row(cells: Mapping[str, str]) -> CameraRow:
    """One camera from its cells by COLUMNS, blank where unknown. Raises BadInput, showing no secret."""
    empty = [name for name in NEEDED if not cells[name]]
    if empty:
        raise BadInput(f"{', '.join(empty)} is empty")
    if any(not cell.isprintable() for cell in cells.values()):
        raise BadInput("a cell holds a line break or another character that cannot be seen")
    for name, most in LONGEST.items():
        if len(cells[name]) > most:
            raise BadInput(f"{name} is longer than {most} characters")
    source, credentials = split_credentials(cells["source"])
    source_kind_of(source)
    kind = CHINESE_KINDS.get(cells["site_kind"], cells["site_kind"]) or SiteKind.main_road.value
    if kind not in SiteKind.__members__:
        raise BadInput(f"{cells['site_kind']!r} is no kind of site; use one of {', '.join(SiteKind)}")
    site = Site(
        name=cells["site"],
        kind=SiteKind(kind),
        key_point=_flag("key_point", cells["key_point"]),
        core_zone=_flag("core_zone", cells["core_zone"]),
        address=cells["address"],
        position=_position(cells),
        units={tier: cells[column] for tier, column in TIER_COLUMNS.items() if cells[column]},
    )
    return CameraRow(cells["name"], site, source, credentials)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in YES | NO:
        raise BadInput(f"{name} is {text!r}; write 1 or 0")
    return text.lower() in YES


def _position(cells: Mapping[str, str]) -> Position | None:
    """WGS-84, converted where the row says GCJ-02."""
    if not cells["latitude"] and not cells["longitude"]:
        return None
    datum = DATUMS.get(cells["datum"].lower())
    if datum is None:
        raise BadInput(f"datum is {cells['datum']!r}; write WGS-84 or GCJ-02")
    try:
        latitude, longitude = float(cells["latitude"]), float(cells["longitude"])
    except ValueError:
        raise BadInput("latitude and longitude are not both numbers in degrees") from None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise BadInput(f"{latitude}, {longitude} is no place; latitude comes first, in degrees")
    if datum == "gcj-02":
        truth = gcj02_to_wgs84_refined(Gcj02(lat=latitude, lon=longitude))
        return Position(truth.lat, truth.lon)
    return Position(latitude, longitude)
