"""Every table of the database. Times are aware UTC; boxes are shares of the frame."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Refuses naive times; gives aware UTC back on SQLite too."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time reached the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _box_columns() -> tuple[Column[float], ...]:
    return tuple(Column(side, sa.Float, nullable=False) for side in ("left", "top", "right", "bottom"))


units = Table(
    "units",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("name", sa.String(80), nullable=False, unique=True),
    Column("tier", sa.Integer, nullable=False),
    CheckConstraint("tier BETWEEN 1 AND 3", name="tier"),
)

sites = Table(
    "sites",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("name", sa.String(80), nullable=False, unique=True),
    Column("kind", sa.String(24), nullable=False),
    Column("key_point", sa.Boolean, nullable=False),
    Column("core_zone", sa.Boolean, nullable=False),
    Column("address", sa.String(200), nullable=False),
    Column("latitude", sa.Float),
    Column("longitude", sa.Float),
)

site_units = Table(
    "site_units",
    metadata,
    Column("site_id", ForeignKey("sites.id"), primary_key=True),
    Column("tier", sa.Integer, primary_key=True),
    Column("unit_id", ForeignKey("units.id"), nullable=False),
)

cameras = Table(
    "cameras",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("site_id", ForeignKey("sites.id"), nullable=False),
    Column("name", sa.String(80), nullable=False, unique=True),
    Column("source_kind", sa.String(12), nullable=False),
    Column("source", sa.String(1000), nullable=False),  # without credentials
    Column("credentials", sa.LargeBinary),  # sealed
    Column("active", sa.Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

views = Table(
    "views",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("camera_id", ForeignKey("cameras.id"), nullable=False),
    Column("name", sa.String(80), nullable=False),
    Column("preset", sa.Integer, nullable=False),
    Column("active", sa.Boolean, nullable=False),
    Column("failures", sa.Integer, nullable=False, server_default="0"),
    Column("next_try_at", UtcDateTime),
    Column("last_outcome", sa.String(12)),
    Column("last_fault", sa.String(24)),
    Column("last_visit_at", UtcDateTime),
    Column("last_good_at", UtcDateTime),
    Column("last_image", sa.String(64)),
    Column("skew_s", sa.Float),
    Column("revision", sa.Integer, nullable=False, server_default="0"),  # grows with each visit written
    UniqueConstraint("camera_id", "preset"),
)

health = Table(
    "health",  # a row whenever a view's outcome or fault changes
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", sa.String(12), nullable=False),
    Column("fault", sa.String(24)),
    Column("why", sa.String(300), nullable=False),
    Index("ix_health_view_id_at", "view_id", "at"),
)

zones = Table(
    "zones",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False, index=True),
    Column("kind", sa.String(12), nullable=False),
    Column("polygon", sa.JSON, nullable=False),
    Column("categories", sa.JSON, nullable=False),
    Column("permitted", sa.JSON, nullable=False),  # pairs of times, every day; `hours` took its place
    Column("name", sa.String(40)),
    Column("hours", sa.JSON),  # from, to, days, categories
)

view_memories = Table(
    "view_memories",
    metadata,
    Column("view_id", ForeignKey("views.id"), primary_key=True),
    Column("references", sa.JSON, nullable=False),  # mode -> digest of a print
    Column("backgrounds", sa.JSON),  # mode -> digest of a background
    Column("detected_print", sa.String(64)),
    Column("pulse", sa.LargeBinary),
    Column("text_areas", sa.JSON),
    Column("facts", sa.JSON, nullable=False),  # times, mode, counters: see SqlViewMemories
)

plans = Table(
    "plans",
    metadata,
    Column("name", sa.String(40), primary_key=True),
    Column("cron", sa.String(60), nullable=False),
    Column("core_zone_only", sa.Boolean, nullable=False),
    Column("site_names", sa.JSON, nullable=False),
    Column("fine_every_s", sa.Float, nullable=False),
    Column("active", sa.Boolean, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("plan", sa.String(40), nullable=False, index=True),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("finished_at", UtcDateTime),
    Column("planned", sa.Integer, nullable=False),
    Column("view_ids", sa.JSON, nullable=False),
    Column("findings_opened", sa.Integer, nullable=False, server_default="0"),
)

visits = Table(
    "visits",
    metadata,
    Column("round_id", ForeignKey("rounds.id"), primary_key=True),
    Column("view_id", ForeignKey("views.id"), primary_key=True),
    Column("attempt", sa.Integer, primary_key=True),
    Column("outcome", sa.String(12), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("frame_at", UtcDateTime),
    Column("passes", sa.String(12), nullable=False),
    Column("mode", sa.String(12)),
    Column("fault", sa.String(24)),
    Column("why", sa.String(300), nullable=False),
    Column("inference_s", sa.Float, nullable=False),
    Column("found", sa.Integer, nullable=False),
    Column("skew_s", sa.Float),
    sqlite_with_rowid=False,
)

follow_ups = Table(
    "follow_ups",
    metadata,
    Column("view_id", ForeignKey("views.id"), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False, index=True),
    Column("found_by", sa.String(8), nullable=False),
)

categories = Table(
    "categories",
    metadata,
    Column("code", sa.String(40), primary_key=True),
    Column("name_zh", sa.String(40), nullable=False),
    Column("name_en", sa.String(40), nullable=False),
    Column("kind", sa.String(16), nullable=False),
    Column("city_code", sa.String(8)),
    Column("seen", sa.Integer, nullable=False),
    Column("of", sa.Integer, nullable=False),
    Column("dwell_s", sa.Float, nullable=False),
    Column("clear_after", sa.Integer, nullable=False),
    Column("threshold", sa.Float, nullable=False),
    Column("merge_gap", sa.Float, nullable=False),
    Column("position", sa.Integer, nullable=False),
    Column("fine_threshold", sa.Float),
    Column("deadline", sa.Integer),
    Column("deadline_clock", sa.String(16)),
    CheckConstraint('seen BETWEEN 1 AND "of"', name="seen"),
    CheckConstraint("threshold > 0 AND threshold < 1", name="threshold"),
)

reasons = Table(
    "reasons",
    metadata,
    Column("code", sa.String(40), primary_key=True),
    Column("name_zh", sa.String(60), nullable=False),
    Column("name_en", sa.String(60), nullable=False),
    Column("teaches", sa.String(12), nullable=False),
    Column("suppresses", sa.String(16), nullable=False),
    Column("days", sa.Integer),
    Column("position", sa.Integer, nullable=False),
    Column("retired_at", UtcDateTime),  # offered no more
)

findings = Table(
    "findings",
    metadata,
    Column("id", sa.String(40), primary_key=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("category", ForeignKey("categories.code"), nullable=False),
    *_box_columns(),
    Column("look", sa.LargeBinary, nullable=False),
    Column("score", sa.Float, nullable=False),
    Column("state", sa.String(12), nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime),
    Column("marks", sa.String(40), nullable=False),
    Column("sights", sa.JSON, nullable=False),
    Column("born_on_switch", sa.Boolean, nullable=False),
    Column("noted_area", sa.Float, nullable=False),
    Column("clear_in_a_row", sa.Integer, nullable=False),
    Column("opened_at", UtcDateTime),
    Column("cleared_at", UtcDateTime),
    Column("suppress_until", UtcDateTime),
    Column("recurs", sa.String(40)),
    Index("ix_findings_view_id_state", "view_id", "state"),
    Index(
        "ix_findings_dismissed",
        "id",
        sqlite_where=sa.text("state = 'dismissed'"),
        postgresql_where=sa.text("state = 'dismissed'"),
    ),
)

sightings = Table(
    "sightings",
    metadata,
    Column("finding_id", ForeignKey("findings.id"), primary_key=True),
    Column("round_id", ForeignKey("rounds.id"), primary_key=True),
    Column("attempt", sa.Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    *_box_columns(),
    Column("score", sa.Float, nullable=False),
    Column("found_by", sa.String(8), nullable=False),
    Column("model", sa.String(64), nullable=False),
    Column("image", sa.String(64)),
    sqlite_with_rowid=False,
)

counters = Table(
    "counters",
    metadata,
    Column("name", sa.String(40), primary_key=True),
    Column("value", sa.Integer, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("number", sa.String(24), primary_key=True),
    Column("finding_id", ForeignKey("findings.id"), nullable=False, unique=True),
    Column("view_id", ForeignKey("views.id"), nullable=False),
    Column("category", ForeignKey("categories.code"), nullable=False),
    Column("kind", sa.String(16), nullable=False),
    Column("site", sa.String(80), nullable=False),
    Column("unit", sa.String(80)),
    Column("status", sa.String(20), nullable=False),
    Column("recurring", sa.Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("deadline", sa.Integer),  # as bound at dispatch
    Column("deadline_clock", sa.String(16)),
    Column("deadline_hours", sa.String(200)),
    Column("due_at", UtcDateTime),
    Column("amber_at", UtcDateTime),
    Column("amber_left_s", sa.Float, nullable=False, server_default="0"),
    Column("left_s", sa.Float),  # while the clock stands
    Column("reworked", sa.Integer, nullable=False, server_default="0"),
    Column("dispatched_at", UtcDateTime),
    Column("rectified_at", UtcDateTime),
    Column("verified_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Column("evidence", sa.String(12)),
    Column("history_head", sa.String(64), nullable=False, server_default=""),  # hash of the last entry
    Column("history_length", sa.Integer, nullable=False, server_default="0"),
    Index("ix_tickets_status_created_at", "status", "created_at", "number"),
    Index("ix_tickets_status_due_at", "status", "due_at", "number"),
    Index("ix_tickets_due_at", "due_at", "number"),
    Index("ix_tickets_created_at", "created_at", "number"),
    Index("ix_tickets_updated_at", "updated_at", "number"),
    Index("ix_tickets_view_id", "view_id"),
)

ticket_images = Table(
    "ticket_images",
    metadata,
    Column("number", ForeignKey("tickets.number"), primary_key=True),
    Column("role", sa.String(16), primary_key=True),
    Column("digest", sa.String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_ticket_images_digest", "digest"),
)

ticket_history = Table(
    "ticket_history",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("number", ForeignKey("tickets.number"), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("who", sa.String(60), nullable=False),
    Column("what", sa.String(24), nullable=False),
    Column("reason", sa.String(40)),
    Column("detail", sa.String(300)),
    Column("words", sa.String(300)),
    Column("previous", sa.String(64), nullable=False, server_default=""),  # hash of the entry before, of this ticket
    Column("hash", sa.String(64), nullable=False, server_default=""),
)

verdicts = Table(
    "verdicts",  # every verdict is a label
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("number", ForeignKey("tickets.number"), index=True),  # none: drawn on a sampled frame
    Column("at", UtcDateTime, nullable=False),
    Column("who", sa.String(60), nullable=False),
    Column("kind", sa.String(12), nullable=False),
    Column("reason", ForeignKey("reasons.code")),
    Column("teaches", sa.String(12), nullable=False),
    Column("category", sa.String(40), nullable=False),
    *_box_columns(),
    Column("image", sa.String(64)),
    Column("view_id", sa.Integer),
    Column("review", sa.String(40), index=True),
    Index("ix_verdicts_view_id_category", "view_id", "category"),
)

images = Table(
    "images",  # what the image store holds, and why
    metadata,
    Column("digest", sa.String(64), primary_key=True),
    Column("kind", sa.String(12), nullable=False),
    Column("view_id", sa.Integer),
    Column("size_bytes", sa.Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("share", sa.Float),  # of a sample: the share of empty frames that were kept then
    Index("ix_images_kind_created_at", "kind", "created_at"),
    Index("ix_images_view_id_created_at", "view_id", "created_at"),
    Index(
        "ix_images_sampled",
        "digest",
        sqlite_where=sa.text("kind = 'sample'"),
        postgresql_where=sa.text("kind = 'sample'"),
    ),
)

retention = Table(
    "retention",
    metadata,
    Column("kind", sa.String(24), primary_key=True),
    Column("keep_days", sa.Integer, nullable=False),
    Column("note_zh", sa.String(120), nullable=False),
    Column("note_en", sa.String(120), nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column("name", sa.String(60), nullable=False, unique=True),
    Column("role", sa.String(12), nullable=False),
    Column("password_hash", sa.String(200), nullable=False),  # empty: logs in elsewhere
    Column("created_at", UtcDateTime, nullable=False),
    Column("unit", sa.String(80)),
    Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("must_change", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("failures", sa.Integer, nullable=False, server_default="0"),
    Column("locked_until", UtcDateTime),
    Column("subject", sa.String(300), unique=True),  # issuer and subject of OpenID Connect
    Column("language", sa.String(2)),
    Column("last_login_at", UtcDateTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", sa.String(64), primary_key=True),  # sha256 of the session id or bearer token
    Column("person_id", ForeignKey("people.id"), nullable=False),
    Column("kind", sa.String(8), nullable=False),  # page or token
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("name", sa.String(60), nullable=False, server_default=""),
    Column("last_used_at", UtcDateTime),
    Index("ix_sessions_person_id", "person_id"),
)

changes = Table(
    "changes",
    metadata,
    Column("topic", sa.String(24), primary_key=True),
    Column("sequence", sa.BigInteger, nullable=False),
)

# Each area of the pages keeps its tables in a module of its own, on the same metadata.
import pipeline.adapters.tables_calendar  # noqa: E402
import pipeline.adapters.tables_desk  # noqa: E402
import pipeline.adapters.tables_errands  # noqa: E402
import pipeline.adapters.tables_learning  # noqa: E402
import pipeline.adapters.tables_life  # noqa: E402
import pipeline.adapters.tables_people  # noqa: E402
import pipeline.adapters.tables_views  # noqa: E402, F401
