"""Photos from a phone: sent in pieces over a bad connection, hidden until redacted; and errands read back."""

import io
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from PIL import Image

from api.routes.photos import LARGEST_PIECE_BYTES
from pipeline.adapters import tables
from pipeline.adapters.accounts import ensure_person, hash_password, make_token
from pipeline.adapters.database import open_engine, reading, writing
from pipeline.adapters.images import LocalImages
from pipeline.adapters.tables_errands import errands
from pipeline.adapters.unit_of_work import SqlUnitsOfWork
from pipeline.domain.photo import MOST_OF_TICKET
from pipeline.domain.ticket import Role, Status
from pipeline.ports import ImageKind, KeptImage
from pipeline.settings import Settings
from pipeline.steps import photos
from tests.api.conftest import NOW, ORIGIN, PASSWORD, VIEWER

NUMBER = "XJ-20261123-0001"
UNIT, OTHER = "青禾社区", "滨河社区"
PIECE = 700


def jpeg(seed: int = 0, side: int = 240) -> bytes:
    """Some kilobytes."""
    written = io.BytesIO()
    Image.effect_noise((side, side), 40 + seed).convert("RGB").save(written, "JPEG", quality=80)
    return written.getvalue()


@dataclass(frozen=True, slots=True)
class Phone:
    """What a phone asks, with its person's token."""

    client: TestClient
    token: str
    settings: Settings

    def ask(self, method: str, path: str, **sent: Any) -> Any:  # Any: what httpx takes and gives
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.request(method, f"/api/v1/tickets/{NUMBER}/photos{path}", headers=headers, **sent)

    def begin(self, content: bytes, name: str = "IMG_1.jpg") -> Any:
        told = {"name": name, "size_bytes": len(content), "sha256": sha256(content).hexdigest()}
        return self.ask("POST", "", json=told)

    def piece(self, photo_id: str, content: bytes, offset: int, size: int = PIECE) -> Any:
        return self.ask("PATCH", f"/{photo_id}?offset={offset}", content=content[offset : offset + size])

    def send(self, content: bytes, name: str = "IMG_1.jpg") -> dict[str, Any]:
        there = self.begin(content, name).json()
        while there["state"] == "receiving":
            there = self.piece(there["id"], content, there["offset"], LARGEST_PIECE_BYTES).json()
        return dict(there)

    def asked_of_worker(self) -> list[tuple[str, str]]:
        engine = open_engine(self.settings.sql_url)
        with reading(engine) as connection:
            asked = [(row.kind, row.subject) for row in connection.execute(sa.select(errands))]
        engine.dispose()
        return asked


def set_status(settings: Settings, status: Status, unit: str = UNIT) -> None:
    engine = open_engine(settings.sql_url)
    with writing(engine) as connection:
        changed = sa.update(tables.tickets).where(tables.tickets.c.number == NUMBER)
        connection.execute(changed.values(status=status.value, unit=unit, dispatched_at=NOW))
    engine.dispose()


@pytest.fixture
def tokens(settings: Settings) -> dict[str, str]:
    """A handler of the ticket's unit, one of another, a viewer."""
    engine = open_engine(settings.sql_url)
    hashed = hash_password(PASSWORD)
    made = {}
    with writing(engine) as connection:
        for name, unit in (("王师傅", UNIT), ("李师傅", OTHER)):
            ensure_person(connection, name, Role.handler, hashed, NOW)
            connection.execute(sa.update(tables.people).where(tables.people.c.name == name).values(unit=unit))
            made[name] = make_token(connection, name, NOW)
        made[VIEWER] = make_token(connection, VIEWER, NOW)
    engine.dispose()
    set_status(settings, Status.in_progress)
    return made


@pytest.fixture
def phone(anonymous: TestClient, tokens: dict[str, str], settings: Settings) -> Phone:
    return Phone(anonymous, tokens["王师傅"], settings)


def test_a_photo_arrives_in_pieces_and_a_worker_is_asked(phone: Phone) -> None:
    content = jpeg()
    begun = phone.begin(content)
    assert (begun.status_code, begun.json()["offset"]) == (201, 0)
    photo_id, offset = begun.json()["id"], 0
    while offset < len(content):
        answer = phone.piece(photo_id, content, offset)
        assert answer.status_code == 200
        offset = answer.json()["offset"]
    assert answer.json()["state"] == "received"
    assert (phone.settings.quarantine / photo_id).read_bytes() == content
    assert phone.asked_of_worker() == [("redact_photo", photo_id)]


def test_a_phone_that_lost_its_connection_asks_where_to_go_on(phone: Phone) -> None:
    content = jpeg()
    photo_id = phone.begin(content).json()["id"]
    phone.piece(photo_id, content, 0)  # whose answer never arrives
    lost = phone.piece(photo_id, content, 0)
    assert lost.status_code == 409 and str(PIECE) in lost.json()["detail"]
    there = phone.ask("GET", f"/{photo_id}").json()
    assert there["offset"] == PIECE
    assert phone.piece(photo_id, content, PIECE, len(content)).json()["state"] == "received"


def test_a_phone_that_forgot_all_gets_the_same_place_again(phone: Phone) -> None:
    content = jpeg()
    first = phone.begin(content).json()
    phone.piece(first["id"], content, 0)
    again = phone.begin(content).json()
    assert (again["id"], again["offset"]) == (first["id"], PIECE)


def test_the_last_piece_sent_twice_asks_the_worker_once(phone: Phone) -> None:
    content = jpeg()
    there = phone.send(content)
    again = phone.piece(there["id"], content, there["offset"])
    assert (again.status_code, again.json()["state"]) == (200, "received")
    assert len(phone.asked_of_worker()) == 1


def test_what_arrives_damaged_is_to_be_sent_anew(phone: Phone) -> None:
    content = jpeg()
    photo_id = phone.begin(content).json()["id"]
    damaged = phone.piece(photo_id, content[::-1], 0, len(content))
    assert damaged.status_code == 422 and "damaged" in damaged.json()["detail"]
    assert phone.ask("GET", f"/{photo_id}").json()["offset"] == 0
    assert phone.asked_of_worker() == []


def test_a_photo_is_nowhere_to_be_seen_before_it_is_redacted(phone: Phone) -> None:
    content = jpeg()
    there = phone.send(content)
    assert there["image"] is None
    headers = {"Authorization": f"Bearer {phone.token}"}
    assert phone.client.get(f"/images/{sha256(content).hexdigest()}", headers=headers).status_code == 404
    ticket = phone.client.get(f"/api/v1/tickets/{NUMBER}", headers=headers).json()
    assert "photo" not in [image["role"] for image in ticket["images"]]


def redact(phone: Phone, photo_id: str) -> str:
    """As the worker does, without looking."""
    engine = open_engine(phone.settings.sql_url)
    digest = LocalImages(phone.settings.home / "images").put(jpeg(3), ImageKind.evidence)
    units = SqlUnitsOfWork(engine)
    with units.reading() as uow:
        photo = uow.photos.get(photo_id)
    photos.show(units, photo, KeptImage(digest, ImageKind.evidence, 1, 100, NOW), NOW)
    engine.dispose()
    return digest


def test_a_redacted_photo_is_seen_by_its_unit_and_no_other(phone: Phone, tokens: dict[str, str]) -> None:
    digest = redact(phone, phone.send(jpeg())["id"])
    seen = {
        name: phone.client.get(f"/images/{digest}", headers={"Authorization": f"Bearer {token}"}).status_code
        for name, token in tokens.items()
    }
    assert seen == {"王师傅": 200, "李师傅": 404, VIEWER: 200}
    rows = phone.ask("GET", "").json()["rows"]
    assert [(row["state"], row["image"]) for row in rows] == [("redacted", digest)]


def test_what_is_shown_is_evidence_and_cannot_be_taken_back(phone: Phone) -> None:
    waiting, shown = phone.send(jpeg(1)), phone.send(jpeg(2))
    redact(phone, shown["id"])
    assert phone.ask("DELETE", f"/{waiting['id']}").status_code == 204
    assert phone.ask("DELETE", f"/{shown['id']}").status_code == 409
    assert [row["id"] for row in phone.ask("GET", "").json()["rows"]] == [shown["id"]]
    assert not (phone.settings.quarantine / waiting["id"]).exists()


def test_only_who_takes_part_may_send(phone: Phone, tokens: dict[str, str]) -> None:
    content = jpeg()
    assert Phone(phone.client, tokens["李师傅"], phone.settings).begin(content).status_code == 404
    assert Phone(phone.client, tokens[VIEWER], phone.settings).begin(content).status_code == 403


def test_a_ticket_that_is_not_dispatched_takes_no_photos(phone: Phone) -> None:
    set_status(phone.settings, Status.filed)
    refused = phone.begin(jpeg())
    assert refused.status_code == 409 and "takes no photos" in refused.json()["detail"]


def test_there_is_an_end_to_photos_and_to_bytes(phone: Phone) -> None:
    assert phone.ask("POST", "", json={"name": "x", "size_bytes": 10**9, "sha256": "0" * 64}).status_code == 422
    content = jpeg()
    photo_id = phone.begin(content).json()["id"]
    assert phone.ask("PATCH", f"/{photo_id}?offset=0", content=content + b"x").status_code == 422
    assert phone.ask("PATCH", f"/{photo_id}?offset=0", content=bytes(LARGEST_PIECE_BYTES + 1)).status_code == 422
    for seed in range(1, MOST_OF_TICKET):
        assert phone.begin(content, f"{seed}.jpg").status_code == 201
        begun = phone.ask("POST", "", json={"name": "x", "size_bytes": 5, "sha256": f"{seed:064x}"})
        assert begun.status_code == 201
    assert phone.ask("POST", "", json={"name": "x", "size_bytes": 5, "sha256": "f" * 64}).status_code == 409


def test_a_browser_without_a_script_sends_by_form(phone: Phone) -> None:
    phone.client.headers.update(ORIGIN | {"Accept": "text/html"})
    phone.client.post("/login", data={"name": "王师傅", "password": PASSWORD})
    files = [("photo", ("C:\\DCIM\\IMG_7.jpg", jpeg(5), "image/jpeg")), ("photo", ("b.jpg", jpeg(6), "image/jpeg"))]
    answer = phone.client.post(f"/tickets/{NUMBER}/photos", files=files)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tickets/{NUMBER}/photos")
    assert sorted(row["name"] for row in phone.ask("GET", "").json()["rows"]) == ["IMG_7.jpg", "b.jpg"]
    page = phone.client.get(f"/tickets/{NUMBER}/photos?lang=en").text
    assert "Blurring faces and plates" in page


def test_an_errand_is_read_by_who_asked_for_it(phone: Phone, tokens: dict[str, str]) -> None:
    phone.send(jpeg())
    read = {
        name: phone.client.get("/api/v1/errands/1", headers={"Authorization": f"Bearer {token}"})
        for name, token in tokens.items()
    }
    assert {name: answer.status_code for name, answer in read.items()} == {"王师傅": 200, "李师傅": 404, VIEWER: 200}
    errand = read["王师傅"].json()
    assert (errand["kind"], errand["state"], errand["answer"]) == ("redact_photo", "waiting", None)


def test_a_look_again_is_asked_of_the_worker(program: TestClient, settings: Settings) -> None:
    set_status(settings, Status.rectified)
    asked = program.post(f"/api/v1/tickets/{NUMBER}/look-again")
    assert asked.status_code == 202
    errand = program.get(f"/api/v1/errands/{asked.json()['errand']}").json()
    assert (errand["kind"], errand["subject"]) == ("verify_view", NUMBER)
    set_status(settings, Status.filed)
    assert program.post(f"/api/v1/tickets/{NUMBER}/look-again").status_code == 409
