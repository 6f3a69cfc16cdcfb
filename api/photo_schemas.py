"""JSON of people's photos and of errands."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer, Digest, Number
from pipeline.domain.errand import ErrandState
from pipeline.domain.photo import LARGEST_BYTES, LONGEST_NAME, ComplaintCode, Photo, PhotoState

Sha256 = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]


class PhotoIn(BaseModel):
    """What is about to be sent."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["IMG_0042.jpg"])
    size_bytes: int = Field(ge=1, le=LARGEST_BYTES, examples=[3_145_728])
    sha256: Sha256 = Field(description="of the whole file")


class ComplaintOut(Answer):
    code: ComplaintCode
    figure: float | None = Field(description="metres for far; hours for old, ahead and before_dispatch")


class PhotoOut(Answer):
    id: str = Field(examples=["6f1d5ab2d0c14b0e9d6a0b7f5f1c2e3d"])
    number: Number
    state: PhotoState
    name: str
    size_bytes: int
    offset: int = Field(description="bytes that are there: send on from here")
    by: str
    begun_at: datetime
    image: Digest | None = Field(description="the redacted picture; null until there is one")
    taken_at: datetime | None = Field(description="as the photo states it")
    distance_m: float | None = Field(description="from the site, as the photo states its place")
    complaints: list[ComplaintOut] = Field(description="what does not fit the ticket, for a person to judge")
    why: str = Field(description="of a refusal")


class PhotosOut(Answer):
    rows: list[PhotoOut]


class ErrandOut(Answer):
    id: int
    kind: str = Field(examples=["verify_view"])
    subject: str = Field(examples=["XJ-20261123-0007"])
    state: ErrandState
    asked_by: str
    asked_at: datetime
    tries: int
    answer: dict[str, Any] | None = Field(  # Any: a JSON value of each kind's own
        examples=[{"outcome": "seen", "opinion": "gone", "score": None}]
    )
    why: str = Field(description="of a failure: what to do")


class ErrandAsked(Answer):
    errand: int = Field(description="its state is at /api/v1/errands/{errand}")


def photo_out(photo: Photo, offset: int) -> PhotoOut:
    return PhotoOut.model_validate(
        {
            "offset": offset,
            "complaints": [ComplaintOut.model_validate(complaint) for complaint in photo.complaints],
            **{name: getattr(photo, name) for name in PhotoOut.model_fields if name not in ("offset", "complaints")},
        }
    )
