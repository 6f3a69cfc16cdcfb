"""Pages of a long list by keyset: the cursor names the last row read, so nothing is skipped or doubled."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row, Select
from sqlalchemy.types import TypeDecorator

from pipeline.domain.errors import BadInput

FlatRow = Row[*tuple[Any, ...]]  # Any: a column's value is what its type says in tables.py
Key = tuple[Any, ...]  # Any: the values of the sorting columns
LONGEST_CURSOR = 400
LARGEST_KEY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[FlatRow]
    cursor: str | None
    """Opaque; None at the end."""


@dataclass(frozen=True, slots=True)
class Order:
    """The columns of a keyset, the last of them unique, all in one direction."""

    columns: tuple[ColumnElement[Any], ...]
    descending: bool = True

    def page(self, connection: Connection, query: Select[Any], cursor: str | None, size: int) -> Page:
        """Raises BadInput for a cursor that is none of ours."""
        if cursor:
            query = query.where(self._after(cursor))
        order = [column.desc() if self.descending else column.asc() for column in self.columns]
        keys = [column.label(f"key_{place}") for place, column in enumerate(self.columns)]
        found = connection.execute(query.add_columns(*keys).order_by(*order).limit(size + 1)).all()
        kept = found[:size]
        more = len(found) > size
        return Page(kept, _seal(tuple(kept[-1])[-len(keys) :]) if more and kept else None)

    def _after(self, cursor: str) -> ColumnElement[bool]:
        key = _unseal(cursor, self.columns)
        bound = [sa.literal(value, column.type) for value, column in zip(key, self.columns, strict=True)]
        left, right = sa.tuple_(*self.columns), sa.tuple_(*bound)
        return left < right if self.descending else left > right


def _seal(key: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _unseal(cursor: str, columns: Sequence[ColumnElement[Any]]) -> Key:
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(plain, list) or len(plain) != len(columns):
            raise ValueError
        return tuple(_typed(value, column) for value, column in zip(plain, columns, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadInput("the cursor is none of ours; start again without one") from None


def _typed(value: object, column: ColumnElement[Any]) -> object:
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    wanted = kind.python_type
    if wanted is datetime and isinstance(value, str):
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise ValueError
        return at
    if type(value) is not wanted or (isinstance(value, int) and abs(value) > LARGEST_KEY):
        raise ValueError
    return value
