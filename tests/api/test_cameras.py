"""Cameras, views and plans as the engineer sets them up, by page and by JSON."""

from io import BytesIO

import pytest
import sqlalchemy as sa
import xlsxwriter
from fastapi.testclient import TestClient
from pydantic import SecretStr

from pipeline.adapters import tables
from pipeline.adapters.addresses import Credentials
from pipeline.adapters.camera_lists import CHINESE_COLUMNS
from pipeline.adapters.database import open_engine
from pipeline.adapters.secrets import SecretBox, new_key
from pipeline.settings import Settings
from tests.api.conftest import VIEWER, log_in

KEY = new_key()
PASSWORD = "s3cret-word"
FORM = {"name": "东门相机", "site": "东门", "site_kind": "crossing", "core_zone": "true", "community": "青禾社区",
        "latitude": "30.1", "longitude": "120.2", "datum": "GCJ-02", "source": "rtsp://10.1.1.1/s", "username": "u",
        "password": PASSWORD}  # fmt: skip
SOUTH = [[0, 0.6], [1, 0.6], [1, 1], [0, 1]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"secret_keys": SecretStr(KEY)})


def sealed(settings: Settings, name: str) -> bytes | None:
    engine = open_engine(settings.sql_url)
    query = sa.select(tables.cameras.c.credentials).where(tables.cameras.c.name == name)
    with engine.connect() as connection:
        found = connection.scalar(query)
    engine.dispose()
    return found


def everything_kept(settings: Settings) -> str:
    engine = open_engine(settings.sql_url)
    with engine.connect() as connection:
        kept = [repr(tuple(row)) for table in tables.metadata.sorted_tables
                for row in connection.execute(sa.select(table))]  # fmt: skip
    engine.dispose()
    return "".join(kept)


def test_a_camera_is_added_and_its_password_is_shown_to_nobody(person: TestClient, settings: Settings) -> None:
    answer = person.post("/cameras", data=FORM)
    assert answer.status_code == 303
    place = answer.headers["location"]
    seen = [person.get(path).text for path in (place, "/cameras", "/views", place.replace("cameras", "views"))]
    seen += [person.get(path).text for path in ("/api/v1/cameras?text=东门", "/people/audit", "/api/v1/audit")]
    assert "东门相机" in seen[0] and "东门相机" in seen[1]
    assert PASSWORD not in "".join(seen) + everything_kept(settings)
    kept = sealed(settings, "东门相机")
    assert kept is not None
    assert SecretBox(KEY).open(kept) == Credentials("u", PASSWORD)


def test_a_password_within_the_address_is_split_off(person: TestClient, settings: Settings) -> None:
    address = {"source": f"rtsp://u:{PASSWORD}@10.1.1.1/s", "username": "", "password": ""}
    assert person.post("/cameras", data=FORM | address).status_code == 303
    kept = sealed(settings, "东门相机")
    assert kept is not None
    assert SecretBox(KEY).open(kept).password == PASSWORD


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"source": f"gopher://u:{PASSWORD}@x/1"}, "gopher"), ({"source": ""}, "source is empty"),
        ({"name": ""}, "name"), ({"latitude": "north"}, "latitude"), ({"latitude": ""}, "latitude"),
        ({"name": "人民路口 1号"}, "already"), ({"source": "clips/1"}, "user name"), ({"datum": "BD-09"}, "datum"),
    ],
)  # fmt: skip
def test_a_camera_that_cannot_be_is_one_clear_line_without_the_password(
    person: TestClient, wrong: dict[str, str], word: str
) -> None:
    answer = person.post("/cameras", data=FORM | wrong)
    assert answer.status_code == 422
    assert word in answer.text
    assert PASSWORD not in answer.text


def test_a_known_site_stays_as_it_is(person: TestClient, settings: Settings) -> None:
    answer = person.post(
        "/cameras", data={"name": "新相机", "known_site": "滨河小区东门", "source": "http://10.1.1.2/a"}
    )
    view = person.get(f"/api/v1{answer.headers['location'].replace('cameras', 'views')}").json()
    assert view["site"] == "滨河小区东门"
    listed = person.get("/api/v1/cameras?text=新相机").json()["rows"][0]
    assert (listed["site_kind"], listed["has_password"]) == ("compound", False)


def test_another_host_never_gets_the_stored_password(person: TestClient, settings: Settings) -> None:
    place = person.post("/cameras", data=FORM).headers["location"]
    change = {"name": "东门相机", "known_site": "东门"}
    assert person.post(f"{place}/change", data=change).status_code == 303
    assert sealed(settings, "东门相机") is not None
    person.post(f"{place}/change", data=change | {"source": "rtsp://10.1.1.1/other"})
    assert sealed(settings, "东门相机") is not None
    person.post(f"{place}/change", data=change | {"source": "rtsp://10.9.9.9/s", "name": "东门新相机"})
    assert sealed(settings, "东门新相机") is None


def test_a_list_is_read_dry_first_and_then_its_good_rows_go_in(person: TestClient) -> None:
    template = person.get("/cameras/template.csv").content.decode("utf-8-sig")
    lines = template + "坏行,某处,,,,,,,,,,,ftp://x/1\n人民路口 1号,人民路口,,,,,,,,,,,rtsp://10.3.3.3/1\n"

    def send(dry_run: str) -> str:
        answer = person.post(
            "/cameras/import", files={"file": ("list.csv", lines.encode("gb18030"))}, data={"dry_run": dry_run}
        )
        assert answer.status_code == 200
        return answer.text

    for dry_run in ("true", "false"):
        report = send(dry_run)
        assert all(sums in report for sums in ("新增 1", "更新 1", "拒绝 1", "ftp"))
        assert len(person.get("/api/v1/cameras?text=人民路东段").json()["rows"]) == (dry_run == "false")
    assert "新增 0" in send("false")


def test_a_spreadsheet_is_read_as_people_see_it(program: TestClient) -> None:
    assert program.get("/cameras/template.xlsx").content[:2] == b"PK"
    written = BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, list(CHINESE_COLUMNS))
    good = ["西门相机", "西门", "路口", 1, True, "路 1 号", 30.1, 120.2, "", "", "", "青禾社区", "rtsp://10.4.4.4/1"]
    sheet.write_row(1, 0, good)
    sheet.write_row(3, 0, ["北门相机", "北门", "城堡", *[""] * 9, "rtsp://10.4.4.5/1"])
    book.close()
    files = {"file": ("list.xlsx", written.getvalue())}
    report = program.post("/api/v1/cameras/import", files=files, data={"dry_run": "false"}).json()
    assert (report["added"], report["refused"]) == (1, 1)
    assert [(row["number"], row["came"]) for row in report["rows"]] == [(2, "added"), (4, "refused")]
    assert "城堡" in report["rows"][1]["why"]
    listed = program.get("/api/v1/cameras?text=西门相机").json()["rows"][0]
    assert (listed["key_point"], listed["core_zone"], listed["unit"]) == (True, True, "青禾社区")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no sheet", b"\xff\xfe\x00", b"a,b\n1,2\n", b"x" * (4 << 20 | 1)])
def test_a_file_that_is_no_list_is_one_clear_line(program: TestClient, content: bytes) -> None:
    answer = program.post("/api/v1/cameras/import", files={"file": ("list.xlsx", content)})
    assert answer.status_code == 422
    assert "\n" not in answer.json()["detail"]


def test_zones_are_put_and_read_back(program: TestClient) -> None:
    assert program.get("/api/v1/views/1/zones").json()["zones"] == []
    hours = {"from": "18:00", "to": "02:00", "days": [4, 5], "categories": ["street_business"]}
    zone = {"kind": "pavement", "name": "南侧", "polygon": SOUTH, "permitted": [hours]}
    kept = program.put("/api/v1/views/1/zones", json={"zones": [zone]}).json()
    read = program.get("/api/v1/views/1/zones").json()
    assert read == kept
    assert read["zones"][0]["permitted"][0] == hours | {"from": "18:00:00", "to": "02:00:00"}
    stale = program.put("/api/v1/views/1/zones", json={"zones": [], "version": "000000000000"})
    assert stale.status_code == 409
    crossing = {"kind": "road", "polygon": [[0, 0], [1, 1], [1, 0], [0, 1]]}
    refused = program.put("/api/v1/views/1/zones", json={"zones": [zone, crossing]})
    assert (refused.status_code, "zone 2" in refused.json()["detail"]) == (422, True)
    assert program.get("/api/v1/views/1/zones").json() == kept


def test_masks_are_kept_beside_zones(program: TestClient) -> None:
    program.put("/api/v1/views/1/zones", json={"zones": [{"kind": "road", "polygon": SOUTH}]})
    mask = [[0, 0], [0.3, 0], [0.3, 0.1], [0, 0.1]]
    assert program.put("/api/v1/views/1/masks", json={"masks": [mask]}).json()["masks"] == [mask]
    assert len(program.get("/api/v1/views/1/zones").json()["zones"]) == 1


def test_thresholds_are_tried_before_they_bind(program: TestClient) -> None:
    def trial(threshold: float) -> dict[str, int]:
        asked = {"thresholds": [{"category": "litter", "threshold": threshold}]}
        tried = program.post("/api/v1/views/1/thresholds/trial", json=asked).json()
        return next(row for row in tried if row["category"] == "litter")

    assert trial(0.4)["sightings_kept"] == trial(0.4)["sightings"] > 0
    assert trial(0.95)["findings_kept"] == 0 < trial(0.95)["findings"]
    assert program.get("/api/v1/views/1/thresholds").json() == []
    own = {"thresholds": [{"category": "litter", "threshold": 0.6, "fine_threshold": 0.7}]}
    assert program.put("/api/v1/views/1/thresholds", json=own).status_code == 204
    kept = program.get("/api/v1/views/1/thresholds").json()
    assert (kept[0]["threshold"], kept[0]["set_by"]) == (0.6, "admin")


def test_verdicts_tell_good_thresholds_from_bad_ones(program: TestClient) -> None:
    assert program.post("/api/v1/tickets/XJ-20261123-0001/dismiss", json={"reason": "shadow"}).status_code == 200
    tried = program.post("/api/v1/views/1/thresholds/trial", json={"thresholds": []}).json()[0]
    assert (tried["dismissed"], tried["dismissed_kept"], tried["confirmed"]) == (1, 1, 0)


def test_the_threshold_page_binds_what_was_ticked(person: TestClient) -> None:
    sent = {"own-litter": "1", "fast-litter": "0.62", "fine-litter": "0.7", "fast-illegal_ad": "0.9"}
    assert person.post("/cameras/1/thresholds", data=sent).status_code == 303
    kept = person.get("/api/v1/views/1/thresholds").json()
    assert [(row["category"], row["threshold"]) for row in kept] == [("litter", 0.62)]
    assert person.post("/cameras/1/thresholds", data={"own-litter": "1", "fast-litter": "x"}).status_code == 422


def test_only_a_picture_of_the_view_itself_can_be_its_reference(program: TestClient) -> None:
    image = program.get("/api/v1/views/1").json()["last_image"]
    assert program.post("/api/v1/views/2/reference", json={"image": image}).status_code == 404
    assert program.post("/api/v1/views/1/reference", json={"image": "0" * 64}).status_code == 404
    asked = program.post("/api/v1/views/1/reference", json={"image": image, "mode": "day"})
    assert asked.status_code == 202
    errand = program.get(f"/api/v1/errands/{asked.json()['errand']}").json()
    assert (errand["kind"], errand["state"]) == ("take_reference", "waiting")


def test_a_worker_is_asked_and_the_page_waits_for_it(person: TestClient) -> None:
    assert person.post("/cameras/1/probe").status_code == 303
    page = person.get("/cameras/1").text
    assert "正在连接" in page
    assert 'hx-trigger="every 1500ms"' in page
    assert 'hx-trigger="every 1500ms"' not in person.get("/cameras/2").text


def test_a_moved_view_offers_three_ways_out(person: TestClient) -> None:
    assert "/cameras/12/moved" in person.get("/cameras").text
    page = person.get("/cameras/12/moved").text
    assert all(words in page for words in ("估算偏移", "批准为新基准", "开维修单"))
    assert person.post("/cameras/12/repairs", data={"words": "被风吹偏"}).status_code == 303
    assert "被风吹偏" in person.get("/cameras/repairs").text
    assert person.post("/cameras/repairs/1/close", data={"words": "重新固定"}).status_code == 303
    assert "重新固定" in person.get("/cameras/repairs?closed=true").text
    assert person.post("/cameras/repairs/1/close", data={"words": "again"}).status_code == 409


def test_plans_are_read_as_sentences_and_changed_in_the_page(person: TestClient) -> None:
    new = {"name": "晚间占道", "scope": "sites", "site_names": ["人民路口", "站前大道"], "every": "10",
           "first_hour": "18", "last_hour": "22", "days": ["1", "2", "3", "4", "5"], "fine_every": "30"}  # fmt: skip
    assert person.post("/plans", data=new).status_code == 303
    page = person.get("/plans").text
    assert "周一至周五，18:00–22:59 每 10 分钟" in page
    assert "最近的修改正在送到调度" in page
    plan = next(plan for plan in person.get("/api/v1/plans").json() if plan["name"] == "晚间占道")
    assert (plan["cron"], plan["views"], plan["fine_every_s"]) == ("*/10 18-22 * * 1,2,3,4,5", 5, 1800.0)
    assert plan["next_runs"][0] == "2026-11-23T10:00:00Z"
    assert person.post("/plans/active", data={"name": "晚间占道", "active": "false"}).status_code == 303
    plan = next(plan for plan in person.get("/api/v1/plans").json() if plan["name"] == "晚间占道")
    assert (plan["active"], plan["next_runs"]) == (False, [])
    own_line = {"name": "晚间占道", "known": "1", "scope": "all", "every": "0", "cron": "7 3 1 * *"}
    assert person.post("/plans", data=own_line).status_code == 303
    assert "每月 1 日，03:07" in person.get("/plans").text
    assert person.post("/plans/remove", data={"name": "晚间占道"}).status_code == 303
    assert [plan["name"] for plan in person.get("/api/v1/plans").json()] == ["core"]


@pytest.mark.parametrize(
    "wrong", [{"every": "7"}, {"every": "0", "cron": "bad"}, {"scope": "sites"}, {"name": ""}, {"name": "core"},
              {"last_hour": "x"}, {"first_hour": "9", "last_hour": "8"}, {"days": []}],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(person: TestClient, wrong: dict[str, str]) -> None:
    sound = {"name": "早间", "scope": "all", "every": "5", "first_hour": "6", "last_hour": "9", "days": ["1"]}
    assert person.post("/plans", data=sound | wrong).status_code == 422


def test_a_plan_with_a_round_under_way_is_not_removed(program: TestClient) -> None:
    assert program.delete("/api/v1/plans/core").status_code == 409
    assert program.delete("/api/v1/plans/none").status_code == 404


def test_a_viewer_looks_and_changes_nothing(anonymous: TestClient) -> None:
    log_in(anonymous, VIEWER)
    for path in ("/cameras", "/cameras/1", "/cameras/1/zones", "/cameras/1/thresholds", "/plans", "/cameras/repairs"):
        page = anonymous.get(path)
        assert page.status_code == 200
        assert 'data-act="save"' not in page.text and "添加摄像头" not in page.text
    for path, sent in (("/cameras", FORM), ("/cameras/1/probe", {}), ("/plans/remove", {"name": "core"})):
        assert anonymous.post(path, data=sent).status_code == 403
    assert anonymous.put("/api/v1/views/1/zones", json={"zones": []}).status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_is_drawn_in_both_languages(person: TestClient, language: str) -> None:
    for path in (
        "/cameras", "/cameras/new", "/cameras/import", "/cameras/repairs", "/cameras/1", "/cameras/13", "/cameras/12",
        "/cameras/12/moved", "/cameras/1/zones", "/cameras/13/zones", "/cameras/1/thresholds", "/plans",
    ):  # fmt: skip
        assert person.get(f"{path}?lang={language}").status_code == 200, path
    assert person.get("/cameras/999").status_code == 404
    assert person.get("/cameras/1/zones?shift=true").status_code == 422
