"""The trail: who did what to which thing, and when. It outlives the people and things that it names."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import NOW, Model, UTCDateTime, big_identity, utc_now
from .people import User


class AuditEvent(Model):
    __tablename__ = "audit_events"
    __table_args__ = (
        sa.Index(None, "actor_id"),
        sa.Index(None, "subject_type", "subject_id"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(big_identity(), primary_key=True)
    actor_id: Mapped[int | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(sa.String(32))
    subject_type: Mapped[str] = mapped_column(sa.String(32))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utc_now, server_default=NOW)

    actor: Mapped[User | None] = relationship()
