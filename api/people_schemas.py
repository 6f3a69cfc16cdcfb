"""The JSON of people, the own account, tokens and the audit."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.asked import PageAsked, Words
from api.schemas import Answer
from pipeline.adapters.accounts import LONGEST_LABEL, LONGEST_NAME, LONGEST_PASSWORD, SHORTEST_PASSWORD
from pipeline.domain.ticket import Role

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
LONGEST_TOKEN_DAYS = 730
PersonName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^\x00]*$", examples=["李敏"])]
UnitName = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$", examples=["青禾社区"])]
Password = Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD, pattern=r"^[^\x00]*$")]
Language = Literal["zh", "en"]


class PersonRow(Answer):
    id: int
    name: str = Field(examples=["李敏"])
    role: Role
    unit: str | None = Field(examples=["青禾社区"])
    disabled: bool
    must_change: bool = Field(description="must change the password at the next login")
    locked_until: datetime | None = Field(description="after too many wrong passwords; null: not locked")
    has_password: bool = Field(description="false: logs in through the provider alone")
    from_directory: bool = Field(description="known to the OpenID Connect provider")
    tokens: int = Field(description="bearer tokens that are valid now")
    language: Language | None
    created_at: datetime
    last_login_at: datetime | None


class PersonIn(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "李敏", "role": "handler", "unit": "青禾社区"}]}
    )
    name: PersonName
    role: Role
    unit: UnitName | None = Field(None, description="a handler must have one, and sees its tickets only")


class PersonChange(BaseModel):
    """What is left out stays as it is; so do role and disabled where they are null."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"role": "reviewer", "unit": None}]})
    role: Role | None = None
    unit: UnitName | None = Field(None, description="null takes the unit away")
    disabled: bool | None = None


class PersonMade(Answer):
    person: PersonRow
    password: str = Field(description="shown once; must be changed at the next login")


class AccountOut(PersonRow):
    unit_only: bool = Field(description="sees the tickets of the own unit only")


class AccountChange(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"language": "en"}]})
    language: Language | None = Field(description="null: as the town has it")


class PasswordChange(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"present": "what it was until now", "wanted": "staple of the town hall"}]},
    )
    present: str = Field(max_length=LONGEST_PASSWORD, pattern=r"^[^\x00]*$")
    wanted: Password


class TokenRow(Answer):
    id: str = Field(examples=["7399b962f85490ea"])
    name: str = Field(examples=["大屏"])
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="to the hour")


class TokenIn(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "大屏", "days": 90}]})
    name: str = Field(min_length=1, max_length=LONGEST_LABEL, pattern=r"^[^\x00]*$")
    days: int = Field(365, ge=1, le=LONGEST_TOKEN_DAYS)


class TokenMade(Answer):
    token: str = Field(description="shown once")
    expires_at: datetime


class PeopleAsked(PageAsked):
    role: Role | None = None
    text: Words = Field(None, description="part of a name or unit")


class AuditAsked(PageAsked):
    who: Words = None
    action: Words = Field(None, examples=["changed"])
    kind: Words = Field(None, description="of the subject", examples=["person"])
    subject: Words = Field(None, description="part of the subject's name")
    day_from: date | None = Field(None, ge=EARLIEST, le=LATEST, description="local day, included")
    day_to: date | None = Field(None, ge=EARLIEST, le=LATEST, description="local day, included")


class AuditRow(Answer):
    id: int
    at: datetime
    who: str
    action: str = Field(examples=["changed"])
    subject_kind: str = Field(examples=["person"])
    subject: str
    before: dict[str, Any] | None = Field(description="null: it was not there, or does not matter")  # Any: a JSON value
    after: dict[str, Any] | None  # Any: a JSON value
    hash: str = Field(description="of this entry and all before it")
