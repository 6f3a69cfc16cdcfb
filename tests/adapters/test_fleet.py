"""Camera lists as towns send them: good rows go in, bad ones are named by line, passwords stay out of sight."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.addresses import Credentials
from pipeline.adapters.camera_lists import COLUMNS, read_camera_list
from pipeline.adapters.database import reading
from pipeline.adapters.fleet import SqlFleet
from pipeline.adapters.patrol_queries import ViewFilter, view_page
from pipeline.adapters.secrets import SecretBox, new_key
from pipeline.domain.camera import SourceKind
from pipeline.domain.errors import BadInput
from pipeline.domain.site import SiteKind, Tier
from tests.builders import START

HEADER = ",".join(COLUMNS)
CHINESE_HEADER = "名称,点位,点位类型,重点点位,核心区,地址,纬度,经度,坐标系,责任领导,责任部门,责任社区,视频地址"
GOOD = "东门相机,东门,路口,是,是,青禾路 1 号,30.1,120.2,WGS-84,王主任,城管科,青禾社区,rtsp://u:secret-word@127.0.0.1/1"


def a_list(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "cameras.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def row_with(**cells: str) -> str:
    sound = {"name": "南门相机", "site": "南门", "source": "http://127.0.0.1/2.jpg"}
    return ",".join((sound | cells).get(name, "") for name in COLUMNS)


@pytest.mark.parametrize(
    ("header", "encoding"), [(HEADER, "utf-8"), (CHINESE_HEADER, "utf-8-sig"), (CHINESE_HEADER, "gb18030")]
)
def test_lists_come_in_either_language_and_as_spreadsheets_write_them(
    tmp_path: Path, header: str, encoding: str
) -> None:
    good, bad = read_camera_list(a_list(tmp_path, header, GOOD, encoding=encoding))
    assert bad == {}
    assert (good[0].name, good[0].site.kind, good[0].site.core_zone) == ("东门相机", SiteKind.crossing, True)
    assert good[0].site.units == {Tier.leader: "王主任", Tier.department: "城管科", Tier.community: "青禾社区"}


@pytest.mark.parametrize(
    ("cells", "word"),
    [
        ({"source": ""}, "source is empty"),
        ({"source": "gopher://x/1"}, "gopher"),
        ({"source": "http://"}, "no host"),
        ({"site_kind": "castle"}, "castle"),
        ({"core_zone": "maybe"}, "core_zone"),
        ({"latitude": "north", "longitude": "120"}, "latitude"),
        ({"latitude": "30"}, "latitude"),
        ({"latitude": "120.2", "longitude": "30.1"}, "no place"),
        ({"latitude": "nan", "longitude": "30.1"}, "no place"),
        ({"latitude": "30", "longitude": "120", "datum": "BD-09"}, "BD-09"),
        ({"name": "东门相机"}, "stands above already"),
        ({"name": "长" * 81}, "name"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_others_go_in(tmp_path: Path, cells: dict[str, str], word: str) -> None:
    path = a_list(tmp_path, HEADER, GOOD, row_with(**cells), row_with(name="西门相机"))
    good, bad = read_camera_list(path)
    assert [row.name for row in good] == ["东门相机", "西门相机"]
    assert list(bad) == [3]
    assert word in bad[3]
    assert "\n" not in bad[3]


def test_a_bad_address_is_told_without_its_password(tmp_path: Path) -> None:
    rows = [row_with(name=f"n{number}", source=source) for number, source in enumerate([
        "gopher://u:secret-word@127.0.0.1/1", "rtsp://u:secret-word@[::1/1", "http://u:secret-word@127.0.0.1:99999/1",
        "rtsp://u:secret-word@",
    ])]  # fmt: skip
    _, bad = read_camera_list(a_list(tmp_path, HEADER, *rows))
    assert len(bad) == 4
    assert "secret-word" not in str(bad)


@pytest.mark.parametrize("content", [b"", b"a,b,c\n1,2,3\n", b"\xff\xfe\x00\x01\x80\x80\xff", b"name;site;source\n"])
def test_a_file_that_is_no_camera_list_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cameras.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput) as raised:
        read_camera_list(path)
    assert "\n" not in str(raised.value)
    with pytest.raises(BadInput, match="No such file"):
        read_camera_list(tmp_path / "absent.csv")


def test_a_row_that_is_too_short_is_named(tmp_path: Path) -> None:
    good, bad = read_camera_list(a_list(tmp_path, HEADER, "西门相机,西门", row_with(), row_with(name="x") + ",1,2,3"))
    assert [row.name for row in good] == ["南门相机", "x"]
    assert list(bad) == [2]


def test_positions_from_chinese_maps_become_wgs84(tmp_path: Path) -> None:
    """Tiananmen's well-known pair; between the datums lie some 500 m here."""
    gcj = row_with(latitude="39.908823", longitude="116.397470", datum="GCJ-02")
    wgs = row_with(name="x", site="x", latitude="39.907419", longitude="116.391228", datum="")
    good, _ = read_camera_list(a_list(tmp_path, HEADER, gcj, wgs))
    from_chinese, plain = good[0].site.position, good[1].site.position
    assert from_chinese is not None and plain is not None
    assert from_chinese.latitude == pytest.approx(plain.latitude, abs=3e-5)
    assert from_chinese.longitude == pytest.approx(plain.longitude, abs=3e-5)
    assert (plain.latitude, plain.longitude) == (39.907419, 116.391228)


def test_passwords_are_sealed_and_in_no_row_that_people_see(engine: Engine, tmp_path: Path) -> None:
    box = SecretBox(new_key())
    fleet = SqlFleet(engine, box.seal)
    good, bad = read_camera_list(a_list(tmp_path, HEADER, GOOD, row_with()))
    assert "secret-word" not in repr(good)
    done = fleet.import_cameras(good, bad, START)
    assert (done.added, done.updated) == (2, 0)
    with reading(engine) as connection:
        listed = view_page(connection, ViewFilter(), None, 10).rows
        stored = [repr(tuple(row)) for table in tables.metadata.sorted_tables
                  for row in connection.execute(sa.select(table))]  # fmt: skip
    assert len(listed) == 2
    assert "secret-word" not in repr([tuple(row) for row in listed]) + "".join(stored) + repr(fleet.views())
    sealed = fleet.credentials_of(1)
    assert sealed is not None and b"secret-word" not in sealed
    assert box.open(sealed) == Credentials("u", "secret-word")
    assert fleet.credentials_of(2) is None


def test_importing_again_brings_cameras_up_to_date_and_wakes_them(engine: Engine, tmp_path: Path) -> None:
    fleet = SqlFleet(engine, lambda _credentials: b"sealed")
    fleet.import_cameras(*read_camera_list(a_list(tmp_path, HEADER, GOOD)), START)
    with engine.begin() as connection:
        connection.execute(sa.update(tables.views).values(failures=7, next_try_at=START))
    moved = GOOD.replace("rtsp://u:secret-word@127.0.0.1/1", "http://127.0.0.1/new.jpg").replace("青禾社区", "柳林社区")
    done = fleet.import_cameras(*read_camera_list(a_list(tmp_path, HEADER, moved)), START)
    assert (done.added, done.updated) == (0, 1)
    view = fleet.views()[0]
    assert (view.source_kind, view.source, view.unit) == (SourceKind.http, "http://127.0.0.1/new.jpg", "柳林社区")
    assert view.paused_until is None
    assert fleet.credentials_of(1) is None


def test_a_plan_takes_the_core_zone_or_the_sites_it_names(engine: Engine, tmp_path: Path) -> None:
    fleet = SqlFleet(engine, lambda _credentials: b"sealed")
    fleet.import_cameras(*read_camera_list(a_list(tmp_path, HEADER, GOOD, row_with())), START)
    assert fleet.view_ids_of_plan(False, ()) == [1, 2]
    assert fleet.view_ids_of_plan(True, ()) == [1]
    assert fleet.view_ids_of_plan(False, ("南门",)) == [2]
