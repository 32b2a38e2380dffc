"""Who there is: users with their profiles, teams, and who belongs to which team in what role."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import NOW, Model, UTCDateTime, known, one_of, utc_now

if TYPE_CHECKING:
    from .work import Project


class Role(enum.StrEnum):
    """What a member may do in a team."""

    OWNER = "owner"
    MEMBER = "member"
    VIEWER = "viewer"


class User(Model):
    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("username"),
        sa.UniqueConstraint("email"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(sa.String(64))
    email: Mapped[str] = mapped_column(sa.String(254))
    is_active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())

    profile: Mapped[Profile | None] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )
    memberships: Mapped[list[Membership]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True
    )


class Profile(Model):
    """What a person says of themselves; apart from `User`, whose row every request reads."""

    __tablename__ = "profiles"

    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    bio: Mapped[str | None] = mapped_column(sa.Text)
    preferences: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))

    user: Mapped[User] = relationship(back_populates="profile")


class Team(Model):
    __tablename__ = "teams"
    __table_args__ = (sa.UniqueConstraint("name"), Model.__table_args__)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, server_default=NOW)

    memberships: Mapped[list[Membership]] = relationship(
        back_populates="team", cascade="all, delete-orphan", passive_deletes=True
    )
    projects: Mapped[list[Project]] = relationship(
        back_populates="team", cascade="all, delete-orphan", passive_deletes=True
    )


class Membership(Model):
    __tablename__ = "memberships"
    __table_args__ = (known("role", Role), sa.Index(None, "user_id"), Model.__table_args__)

    team_id: Mapped[int] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(one_of(Role), default=Role.MEMBER, server_default=Role.MEMBER.value)
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, server_default=NOW)

    team: Mapped[Team] = relationship(back_populates="memberships")
    user: Mapped[User] = relationship(back_populates="memberships")
