"""The rows that a new database starts with; rows that are there stay as people left them."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from pipeline.adapters import tables
from pipeline.adapters.repositories import insert_or
from pipeline.adapters.rows import category_columns, reason_columns
from pipeline.domain.category import DEFAULT_CATEGORIES
from pipeline.domain.detection import Pass
from pipeline.domain.review import DEFAULT_REASONS

RETENTION = (
    # kind of thing, days, why in Chinese, why in English
    ("evidence", 1095, "工单证据；未结案工单的图像不受期限限制", "Ticket evidence; open tickets hold theirs"),
    ("sighting", 365, "问题发现的出现帧（小图）", "Small frames of sightings"),
    ("last", 7, "每个视角最近一帧（始终保留最新）", "Last frame of each view; the newest always stays"),
    ("reference", 3650, "各视角的基准帧", "References of the views"),
    ("sample", 30, "抽样的无问题帧，用于估计漏报", "Sampled empty frames, to estimate what is missed"),
    ("asked", 14, "等待辨认的疑难帧；看过的转为证据", "Doubtful frames to ask people about; read ones: evidence"),
    ("visits", 90, "查看记录", "Visits"),
    ("findings", 365, "已消失且无工单的问题发现", "Ended findings that bore no ticket"),
    ("health", 365, "视角健康记录", "Health history of views"),
)
DEFAULT_PLAN = {
    "name": "core",
    "cron": "*/5 * * * *",
    "core_zone_only": True,
    "site_names": [],
    "fine_every_s": 3600.0,
    "active": True,
}


def seed(connection: Connection) -> None:
    categories = [category_columns(category, position) for position, category in enumerate(DEFAULT_CATEGORIES)]
    reasons = [reason_columns(reason, position) for position, reason in enumerate(DEFAULT_REASONS)]
    retention = [{"kind": kind, "keep_days": days, "note_zh": zh, "note_en": en} for kind, days, zh, en in RETENTION]
    for table, values in (
        (tables.categories, categories),
        (tables.reasons, reasons),
        (tables.retention, retention),
        (tables.plans, [DEFAULT_PLAN]),
    ):
        connection.execute(insert_or(connection, table).on_conflict_do_nothing(), values)


def use_thresholds(connection: Connection, measured: Mapping[str, Mapping[Pass, float]]) -> None:
    """Take over the working thresholds that were measured with the current weights, by category and pass."""
    table = tables.categories
    for code, by_pass in measured.items():
        if not by_pass:
            continue
        threshold = by_pass.get(Pass.fast, min(by_pass.values()))
        values = {"threshold": threshold, "fine_threshold": by_pass.get(Pass.fine)}
        connection.execute(sa.update(table).where(table.c.code == code).values(values))
