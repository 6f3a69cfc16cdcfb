"""Settings from the environment (`STREETPATROL_…`) and `var/settings.env`; read only where a process is wired."""

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.domain.errors import BadInput

PREFIX = "STREETPATROL_"


class Settings(BaseSettings):
    """Frozen. Every default works on one machine without set-up; `./patrol init` makes the secrets."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    home: Path = Field(default=Path("var"), description="database, images, prints, exports, logs")
    database_url: SecretStr | None = Field(
        default=None, description="postgresql+psycopg://…; SQLite under home if unset"
    )
    secret_keys: SecretStr = Field(default=SecretStr(""), description="camera passwords' keys, newest first, by comma")
    session_key: SecretStr = Field(default=SecretStr(""), description="signs the pages' session cookies")
    prefect_auth: SecretStr = Field(default=SecretStr(""), description="user:password of our own Prefect server")
    zone: str = Field(default="Asia/Shanghai", description="the town's time zone")
    town: str = Field(default="青禾镇", description="shown on every page")
    host: str = Field(default="127.0.0.1", description="the page's address; loopback unless you mean otherwise")
    port: int = Field(default=8640, description="the page's port")
    prefect_port: int = Field(default=4240, description="the port of our own Prefect server, on loopback")
    language: str = Field(default="zh", pattern="^(zh|en)$", description="zh or en; each person may switch")
    captures_at_once: int = Field(default=64, ge=1, le=512, description="HTTP cameras asked at once")
    captures_per_host: int = Field(default=4, ge=1, description="an NVR gives few streams")
    connect_timeout_s: float = Field(default=3.0, gt=0, description="for a camera to take the call")
    read_timeout_s: float = Field(default=5.0, gt=0, description="for a camera to go on answering")
    shard_views: int = Field(default=500, ge=1, description="views a flow run when a round is split")
    spread_shards: bool = Field(default=False, description="shards as flow runs, for any worker of the pool 'patrol'")
    batch_views: int = Field(default=50, ge=1, description="views a task")
    sample_share: float = Field(default=0.002, ge=0, le=1, description="share of empty frames kept to measure recall")
    lease_s: float = Field(default=120, ge=10, description="for as long a card lies on one reviewer's desk unrenewed")
    second_share: float = Field(default=0.05, ge=0, le=1, description="share of verdicts that a second person reads")
    known_share: float = Field(default=0.02, ge=0, le=0.5, description="share of the desk's cards with a known answer")
    sample_card_share: float = Field(default=0.05, ge=0, le=0.5, description="share of the desk's cards: samples")
    asked_card_share: float = Field(default=0.1, ge=0, le=0.5, description="share of the desk's cards: doubtful frames")
    ask_daily: int = Field(default=50, ge=0, le=2000, description="doubtful frames a night that people are asked about")
    doubtful_daily: int = Field(default=2, ge=0, le=24, description="doubtful frames a view and day that are stored")
    disk_floor_mib: int = Field(default=1024, ge=0, description="below this much free disk sampled frames go first")
    dwell_scale: float = Field(default=1.0, gt=0, le=1, description="shortens dwell times; the demo alone uses it")
    stale_after_s: float = Field(default=1800, gt=0, description="no sign of life for this long is stale")
    retrain_after_labels: int = Field(default=300, ge=0, description="new labels that start a training; 0: never")
    retrain_cron: str = Field(default="0 22 * * *", description="when a training starts by itself; empty: never")
    retrain_epochs: int = Field(default=30, ge=1, le=500, description="epochs of a training: 30 fit a night")
    retrain_image_size: int = Field(default=416, ge=64, le=1280, multiple_of=32, description="pixels in training")
    mlflow_uri: str = Field(default="", description="MLflow server that trainings are told to; empty: nothing is sent")

    lock_after_tries: int = Field(default=10, ge=3, le=1000, description="wrong passwords in a row that lock")
    lock_minutes: float = Field(default=15, gt=0, le=1440, description="how long an account stays locked")
    oidc_issuer: str = Field(default="", description="address of an OpenID Connect provider; empty: off")
    oidc_client_id: str = Field(default="", description="what the provider calls this installation")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="as the provider gave it")
    oidc_label: str = Field(default="", max_length=40, description="words on its button; empty: 统一身份登录")
    oidc_name_claim: str = Field(default="preferred_username", description="the claim that names a person")
    oidc_role_claim: str = Field(default="groups", description="the claim that tells roles; a dot leads inwards")
    oidc_roles: str = Field(default="", description="claim's value=role, by comma, the first that fits: admins=admin,…")
    oidc_unit_claim: str = Field(default="", description="the claim that names the unit; empty: set by an admin")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{zone!r} is no time zone; write one such as Asia/Shanghai") from error
        return zone

    @property
    def town_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def quarantine(self) -> Path:
        """Where people's photos lie until they are redacted."""
        return self.home / "quarantine"

    @property
    def sql_url(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.home / 'streetpatrol.db'}"


def load_settings(home: Path | None = None) -> Settings:
    """Settings of `home` (else STREETPATROL_HOME, else ./var). Raises BadInput naming the first bad variable."""
    chosen = home or Path(os.environ.get(f"{PREFIX}HOME", "var"))
    _refuse_mistyped()
    try:
        return Settings(home=chosen, _env_file=chosen / "settings.env", _env_file_encoding="utf-8")  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise BadInput(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None


def _refuse_mistyped() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise BadInput(f"{unknown[0]} is no setting; see ./patrol settings for those there are")
