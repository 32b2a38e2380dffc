"""What there is to do: a team's projects, their tasks, and the tags on them."""

from __future__ import annotations

import enum
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import NOW, Model, UTCDateTime, big_identity, known, one_of, utc_now
from .people import Team, User


class Status(enum.StrEnum):
    """Where a project stands."""

    PLANNED = "planned"
    ACTIVE = "active"
    DONE = "done"


class Project(Model):
    __tablename__ = "projects"
    __table_args__ = (
        known("status", Status),
        sa.CheckConstraint("budget >= 0", name="budget_not_negative"),
        sa.Index(None, "team_id"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(120))
    status: Mapped[Status] = mapped_column(
        one_of(Status), default=Status.PLANNED, server_default=Status.PLANNED.value
    )
    budget: Mapped[Decimal] = mapped_column(
        sa.Numeric(12, 2), default=Decimal(0), server_default=sa.text("0")
    )
    starts_on: Mapped[date | None]

    team: Mapped[Team] = relationship(back_populates="projects")
    tasks: Mapped[list[Task]] = relationship(
        back_populates="project", cascade="all, delete-orphan", passive_deletes=True
    )


class Task(Model):
    __tablename__ = "tasks"
    __table_args__ = (
        sa.Index(None, "project_id"),
        sa.Index(None, "assignee_id"),
        sa.Index(None, "done", "due_on"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(big_identity(), primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("projects.id", ondelete="CASCADE"))
    assignee_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(sa.String(200))
    notes: Mapped[str | None] = mapped_column(sa.Text)
    done: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    due_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        UTCDateTime, default=utc_now, onupdate=utc_now, server_default=NOW
    )

    project: Mapped[Project] = relationship(back_populates="tasks")
    assignee: Mapped[User | None] = relationship()
    tags: Mapped[list[Tag]] = relationship(
        secondary="task_tags", back_populates="tasks", order_by="Tag.name", passive_deletes=True
    )


class Tag(Model):
    __tablename__ = "tags"
    __table_args__ = (sa.UniqueConstraint("team_id", "name"), Model.__table_args__)

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(40))

    team: Mapped[Team] = relationship()
    tasks: Mapped[list[Task]] = relationship(
        secondary="task_tags", back_populates="tags", passive_deletes=True
    )


task_tags = sa.Table(
    "task_tags",
    Model.metadata,
    sa.Column("task_id", big_identity(), sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("tag_id", sa.Integer, sa.ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    sa.Index(None, "tag_id"),
    **Model.__table_args__,
)
