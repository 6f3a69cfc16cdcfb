"""The desk over HTTP: cards, verdicts, undo, reasons, known answers, quality."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipeline.adapters.accounts import ensure_person, hash_password, make_token
from pipeline.adapters.database import open_engine, writing
from pipeline.adapters.images import LocalImages
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.ticket import Role
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import Settings
from tests.api.conftest import NOW, PASSWORD, SetClock
from tests.api.street import frame_jpeg

DESK = "/api/v1/desk"
FIRST = "XJ-20261123-0001"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Nothing comes by chance."""
    return settings.model_copy(update={"second_share": 0.0, "known_share": 0.0, "sample_card_share": 0.0})


def cards(client: TestClient, count: int = 1, held: list[str] | None = None) -> list[dict[str, Any]]:
    answer = client.post(f"{DESK}/cards", json={"count": count, "held": held or []})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["cards"])


def say(client: TestClient, card: dict[str, Any], key: str = "key-00000001", **said: object) -> Any:
    return client.post(f"{DESK}/verdicts", json={"key": key, "token": card["token"], **said})


def test_a_card_bears_all_that_the_desk_draws(program: TestClient) -> None:
    card = cards(program)[0]
    assert card["kind"] == "ticket"
    assert card["category_en"] and card["site"] and card["address"] == "青禾镇"
    assert (card["latitude"], card["longitude"]) == (30.25, 120.16)
    assert 0 <= card["box"]["left"] < card["box"]["right"] <= 1
    assert program.get(f"/images/{card['image']}").status_code == 200
    assert [frame["role"] for frame in card["strip"]] == ["first", "last"]
    assert card["precision"] == {"confirmed": 0, "dismissed": 0, "share": None, "interval": None}


def test_the_longest_waiting_ticket_is_judged_and_taken_back(program: TestClient) -> None:
    card = cards(program)[0]
    answer = say(program, card, verdict="dismissed", reason="shadow", seconds=1.5)
    assert answer.json() == {"review": "key-00000001", "numbers": [card["number"]], "left": []}
    assert program.get(f"/api/v1/tickets/{card['number']}").json()["status"] == "dismissed"
    assert [row["number"] for row in program.get(f"{DESK}/reviews").json()] == [card["number"]]
    undone = program.post(f"{DESK}/undo", json={}).json()
    assert undone["card"]["number"] == card["number"]
    assert undone["card"]["token"] != card["token"]
    assert program.get(f"/api/v1/tickets/{card['number']}").json()["status"] == "awaiting_review"
    assert program.post(f"{DESK}/undo", json={}).status_code == 404


def test_a_verdict_without_its_part_is_one_clear_line(program: TestClient) -> None:
    card = cards(program)[0]
    incomplete: list[dict[str, Any]] = [
        {"verdict": "dismissed"}, {"verdict": "redrawn"}, {"boxes": []}, {"verdict": "confirmed", "reason": "x"},
    ]  # fmt: skip
    for said in incomplete:
        answer = say(program, card, **said)
        assert answer.status_code == 422, answer.text
        assert "\n" not in answer.json()["detail"]


def test_two_reviewers_have_different_cards_until_a_lease_ends(
    program: TestClient, settings: Settings, clock: SetClock
) -> None:
    other = _reviewer(program, settings)
    mine = cards(program, 8)
    theirs = cards_as(program, other, 8)
    assert not {card["number"] for card in mine} & {card["number"] for card in theirs}
    clock.pass_by(timedelta(seconds=settings.lease_s + 1))
    taken = cards_as(program, other, 8)
    assert {card["number"] for card in taken} & {card["number"] for card in mine}
    late = next(card for card in mine if card["number"] in {one["number"] for one in taken})
    assert say(program, late, verdict="confirmed").status_code == 409


def _reviewer(client: TestClient, settings: Settings, role: Role = Role.reviewer) -> str:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        ensure_person(connection, f"某{role}", role, hash_password(PASSWORD), NOW)
        token = make_token(connection, f"某{role}", NOW)
    engine.dispose()
    return token


def cards_as(client: TestClient, token: str, count: int) -> list[dict[str, Any]]:
    answer = client.post(f"{DESK}/cards", json={"count": count}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["cards"])


def test_held_cards_are_renewed_and_given_back(program: TestClient, clock: SetClock, settings: Settings) -> None:
    tokens = [card["token"] for card in cards(program, 2)]
    clock.pass_by(timedelta(seconds=settings.lease_s - 1))
    asked = program.post(f"{DESK}/cards", json={"count": 0, "held": [*tokens, "x" * 20]}).json()
    assert asked["held"] == tokens
    assert program.post(f"{DESK}/cards/give-back", json={"tokens": tokens}).status_code == 204
    assert program.post(f"{DESK}/cards", json={"count": 0, "held": tokens}).json()["held"] == []


def test_a_sample_is_answered_with_boxes(program: TestClient, settings: Settings) -> None:
    digest = LocalImages(settings.home / "images").put(frame_jpeg(70), ImageKind.sample)
    engine = open_engine(settings.sql_url)
    with SqlUnitsOfWork(engine).writing() as uow:
        uow.keep_images([KeptImage(digest, ImageKind.sample, 2, 1000, NOW - timedelta(hours=1), 0.002)])
    engine.dispose()
    dealt: list[dict[str, Any]] = []
    while not any(card["kind"] == "sample" for card in dealt):
        dealt += cards(program, 8)
    card = next(card for card in dealt if card["kind"] == "sample")
    assert (card["number"], card["box"], card["image"]) == (None, None, digest)
    box = {"left": 0.1, "top": 0.1, "right": 0.2, "bottom": 0.2}
    answer = say(program, card, boxes=[{"category": "litter", "box": box}])
    assert answer.status_code == 200, answer.text
    recall = program.get(f"{DESK}/quality").json()["recall"]
    assert (recall["read"], recall["missed"]) == (1, 1)


def test_a_ticket_is_corrected_outside_the_desk(program: TestClient) -> None:
    answer = program.post(f"/api/v1/tickets/{FIRST}/correct", json={"category": "illegal_ad"})
    assert answer.json() == {"number": FIRST, "status": "filed"}
    assert program.get(f"/api/v1/tickets/{FIRST}").json()["category"] == "illegal_ad"
    assert program.post(f"/api/v1/tickets/{FIRST}/correct", json={}).status_code == 422


def test_reasons_are_added_changed_and_only_deleted_unused(program: TestClient) -> None:
    new = {
        "code": "site_hoarding", "name_zh": "施工围挡", "name_en": "Site hoarding", "teaches": "negative",
        "suppresses": "until_date", "days": 90,
    }  # fmt: skip
    assert program.post("/api/v1/reasons", json=new).status_code == 204
    assert program.post("/api/v1/reasons", json=new).status_code == 422
    assert "site_hoarding" in {row["code"] for row in program.get("/api/v1/reasons").json()}
    say(program, cards(program)[0], verdict="dismissed", reason="site_hoarding")
    assert program.delete("/api/v1/reasons/site_hoarding").status_code == 409
    assert program.post("/api/v1/reasons/site_hoarding/retire").status_code == 204
    assert "site_hoarding" not in {row["code"] for row in program.get("/api/v1/reasons").json()}
    row = next(row for row in program.get("/api/v1/reasons/all").json() if row["code"] == "site_hoarding")
    assert row["used"] == 1 and row["retired_at"]
    changed = {name: value for name, value in new.items() if name != "code"} | {"suppresses": "never"}
    assert program.put("/api/v1/reasons/site_hoarding", json=changed).status_code == 422
    assert program.put("/api/v1/reasons/site_hoarding", json=changed | {"days": None}).status_code == 204
    assert program.put("/api/v1/reasons/order", json={"codes": ["duplicate", "shadow"]}).status_code == 204
    assert [row["code"] for row in program.get("/api/v1/reasons").json()][:2] == ["duplicate", "shadow"]


def test_changes_of_reasons_are_audited(program: TestClient) -> None:
    program.post("/api/v1/reasons/duplicate/retire")
    entry = program.get("/api/v1/audit?size=1").json()["rows"][0]
    assert (entry["action"], entry["subject_kind"], entry["subject"]) == ("retired", "reason", "duplicate")
    assert (entry["before"]["retired"], entry["after"]["retired"]) == (False, True)


def test_pages_of_the_desk_are_drawn_and_their_forms_work(person: TestClient) -> None:
    for path in ("/desk", "/desk/quality?days=7", "/desk/known?number=" + FIRST, "/desk/reasons", "/suppressions"):
        answer = person.get(path)
        assert answer.status_code == 200, path
    assert person.post(f"/tickets/{FIRST}/confirm").status_code == 303
    planted = person.post("/desk/known", data={"number": FIRST, "image": "", "answer": "litter"})
    assert planted.status_code == 303, planted.text
    assert FIRST in person.get("/desk/known").text
    assert person.post("/desk/known/1/retire").status_code == 303
    form = {"name_zh": "积水", "name_en": "Puddle", "teaches": "negative", "suppresses": "while_present", "days": ""}
    assert person.post("/desk/reasons", data={"code": "puddle", **form}).status_code == 303
    assert person.post("/desk/reasons/order", data={"code": "puddle", "step": "-1"}).status_code == 303
    assert person.post("/desk/reasons/puddle", data={**form, "suppresses": "until_date"}).status_code == 422
    assert (
        person.post("/desk/reasons/puddle", data={**form, "suppresses": "until_date", "days": "3"}).status_code == 303
    )
    assert "积水" in person.get("/desk/reasons").text
    assert person.post("/desk/reasons/puddle/remove").status_code == 303
    assert "积水" not in person.get("/desk/reasons").text


def test_a_viewer_gets_no_card(program: TestClient, settings: Settings) -> None:
    token = _reviewer(program, settings, Role.viewer)
    answer = program.post(f"{DESK}/cards", json={"count": 1}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_every_suppression_tells_who_why_and_until_when_and_can_be_lifted(program: TestClient) -> None:
    card = cards(program)[0]
    say(program, card, verdict="dismissed", reason="licensed_stall")
    row = program.get("/api/v1/suppressions").json()["rows"][0]
    assert (row["number"], row["reason"], row["who"]) == (card["number"], "licensed_stall", "admin")
    assert row["suppress_until"].startswith("2026-12-23")
    assert program.post(f"/api/v1/suppressions/{row['id']}/lift").status_code == 204
    assert program.get("/api/v1/suppressions").json()["rows"] == []
