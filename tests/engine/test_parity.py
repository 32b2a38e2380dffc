"""A schema of every generic type and constraint is the same on each product as on SQLite, but for what is not."""

from __future__ import annotations

import sqlalchemy as sa

from flask_lab.experiments.parity.comparison import Comparison
from flask_lab.experiments.parity.portable import Parts, Portable
from flask_lab.schema import read_schema
from tests.harness.plugin import ReadyBackend


def tables() -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "teams",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), unique=True, nullable=False),
    )
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("team_id", sa.ForeignKey("teams.id", ondelete="CASCADE")),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("loud", sa.Boolean(create_constraint=True, name="ck_loud"), server_default="1"),
        sa.Column("colour", sa.Enum("red", "green", name="colour"), server_default="red"),
        sa.Column("kind", sa.Enum("a", "b", name="kind", create_constraint=True)),
        sa.Column("settings", sa.JSON),
        sa.Column("bio", sa.Text),
        sa.Column("made", sa.DateTime, server_default=sa.func.now()),
        sa.Column("seen", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP")),
        sa.Column("price", sa.Numeric(10, 2), server_default="0"),
        sa.Column("rate", sa.Float, server_default="1.5"),
        sa.Column("photo", sa.LargeBinary),
        sa.Column("token", sa.Uuid),
        sa.Column("born", sa.Date),
        sa.Column("at", sa.Time),
        sa.Column("lasts", sa.Interval),
        sa.Column("code", sa.String(20), server_default="it's"),
        sa.Column("land", sa.CHAR(3)),
        sa.Column("size", sa.SmallInteger),
        sa.Column("twice", sa.Integer, sa.Computed("size * 2", persisted=True)),
        sa.CheckConstraint("price > 0", name="ck_users_price"),
        sa.CheckConstraint("code IN ('x', 'y') OR code LIKE 'a%'", name="ck_users_code"),
        sa.UniqueConstraint("code", "land", name="uq_users_code_land"),
        sa.Index("ix_users_born_at", "born", "at"),
    )
    return metadata


def differing() -> sa.MetaData:
    """Declared alike, and yet another thing on some products."""
    metadata = sa.MetaData()
    sa.Table(
        "users",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("any", sa.Numeric()),
        sa.Index("uq_users_any", "any", unique=True, postgresql_where=sa.text('"any" > 0')),
    )
    return metadata


def parts_of(metadata: sa.MetaData, url: str | sa.URL, product: str) -> Parts:
    engine = sa.create_engine(url)
    try:
        with engine.begin() as connection:
            metadata.create_all(connection)
            return Portable(product).read(read_schema(connection))[0]
    finally:
        engine.dispose()


def compared(metadata: sa.MetaData, backend: ReadyBackend, url: str) -> Comparison:
    parts = {backend.name: parts_of(metadata, url, backend.name)}
    parts["sqlite"] = parts_of(metadata, "sqlite://", "sqlite")
    comparison = Comparison({name: name for name in parts})
    comparison.follow({name: [{"revision": "1", "new": new, "gone": []}] for name, new in parts.items()})
    return comparison


def test_generic_types_and_constraints_are_the_same_everywhere(backend: ReadyBackend, database: str) -> None:
    comparison = compared(tables(), backend, database)
    assert not comparison.parted
    assert not comparison.not_compared


def test_what_is_another_thing_is_told(backend: ReadyBackend, database: str) -> None:
    told = {str(each) for each in compared(differing(), backend, database).parted.values()}
    assert (
        told
        == {
            "sqlite": set(),
            "postgres": {"unique (any) on users: where is any > 0 on postgres, none on sqlite"},
            "mysql": {"column users.any: type is decimal(10,0) on mysql, NUMERIC on sqlite"},
            "mariadb": {"column users.any: type is decimal(10,0) on mariadb, NUMERIC on sqlite"},
        }[backend.name]
    )
