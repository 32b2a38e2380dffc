"""What every model shares: names for all constraints, and column types that mean the same on every database."""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

# A server's own default may be latin1, or hold 'Ann' and 'ann' for equal, which the other products do not.
MYSQL = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


class Model(DeclarativeBase):
    """Base of the models. Every constraint has a name, so that a later revision can drop it on any database."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    __table_args__: Any = MYSQL


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC to the microsecond. Naive values are refused: their zone would be a guess."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # MySQL's plain DATETIME rounds to whole seconds, MariaDB's cuts them off.
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone: use an aware datetime")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_now() -> datetime:
    """The present moment, aware and in UTC."""
    return datetime.now(UTC)


def big_identity() -> TypeEngine[int]:
    """A 64-bit key; on SQLite only a column declared INTEGER numbers itself, and it is 64 bits wide anyway."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def one_of(labels: type[enum.StrEnum]) -> sa.Enum:
    """An enumeration stored as its lower-case values in a VARCHAR; the table states the CHECK, so it has a name."""
    return sa.Enum(
        labels,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


def known(column: str, labels: type[enum.StrEnum]) -> sa.CheckConstraint:
    """The CHECK that holds `column` to the values of `labels`, named `ck_<table>_<column>_known`."""
    values = ", ".join(f"'{label.value}'" for label in labels)
    return sa.CheckConstraint(f"{column} IN ({values})", name=f"{column}_known")


# In parentheses an expression, which all four take for any time type; bare, MySQL wants its precision to match.
NOW = sa.text("(CURRENT_TIMESTAMP)")
