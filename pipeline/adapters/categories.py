"""The category table, as people change it."""

import re

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.adapters import tables
from pipeline.adapters.database import reading, writing
from pipeline.adapters.repositories import insert_or
from pipeline.adapters.rows import category_columns, category_of
from pipeline.domain.category import DEFAULT_CATEGORIES, HELPER_CLASSES, Category
from pipeline.domain.errors import BadInput, NotFound

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")


class SqlCategories:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def all(self) -> list[Category]:
        """In the order of the table."""
        with reading(self._engine) as connection:
            found = connection.execute(sa.select(tables.categories).order_by(tables.categories.c.position)).all()
        return [category_of(row) for row in found]

    def get(self, code: str) -> Category:
        """Raises NotFound."""
        for category in self.all():
            if category.code == code:
                return category
        raise NotFound(f"no category {code!r}: ./patrol category list shows them")

    def known_classes(self) -> frozenset[str]:
        """Class names of weights that mean something here; before the tables are made, those that we ship."""
        if not sa.inspect(self._engine).has_table(tables.categories.name):
            return frozenset(category.code for category in DEFAULT_CATEGORIES) | frozenset(HELPER_CLASSES)
        with reading(self._engine) as connection:  # by name: a table that waits for its migration is read too
            codes = connection.scalars(sa.select(tables.categories.c.code)).all()
        return frozenset(codes) | frozenset(HELPER_CLASSES)

    def add(self, category: Category) -> None:
        """Raises BadInput where the code is taken or cannot be a class name."""
        if not CODE.fullmatch(category.code) or category.code in HELPER_CLASSES:
            raise BadInput(f"{category.code!r} cannot be a code: small letters, digits and _, no helper class")
        with writing(self._engine) as connection:
            last = connection.scalar(sa.select(sa.func.max(tables.categories.c.position))) or 0
            statement = insert_or(connection, tables.categories).values(category_columns(category, last + 1))
            code = tables.categories.c.code
            if connection.execute(statement.on_conflict_do_nothing().returning(code)).first() is None:
                raise BadInput(f"there is a category {category.code} already: ./patrol category set changes it")

    def change(self, category: Category) -> None:
        """Write a category that is there. Raises NotFound."""
        self.get(category.code)
        columns = category_columns(category, 0)
        del columns["position"], columns["code"]
        with writing(self._engine) as connection:
            table = tables.categories
            connection.execute(sa.update(table).where(table.c.code == category.code).values(columns))
