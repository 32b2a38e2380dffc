"""/api/v1/audit-events"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.views import MethodView
from marshmallow import fields, validate

from ...models import AuditEvent
from ...queries import Page, find, ordered, page_of
from ...rules import BIG_ID_MAX
from ...schemas import AuditEventSchema, line
from .resource import ListQuery, Resource, page_schema, referring

audit = Resource("audit-events", "The trail of changes; written by them, never by clients")


class AuditQuery(ListQuery):
    action = line(32)
    subject_type = fields.String(validate=validate.OneOf(["user", "team", "project", "task", "tag"]))
    subject_id = referring(BIG_ID_MAX)
    sort = fields.String(load_default="-id", validate=validate.OneOf(["-id", "id"]))


@audit.route("")
class AuditEvents(MethodView):
    """The whole trail."""

    @audit.query(AuditQuery)
    @audit.answers(200, page_schema(AuditEventSchema()), fails=(400,))
    def get(self, query: dict[str, Any]) -> Page[AuditEvent]:
        """List events, the newest first"""
        filters = {name: query[name] for name in ("action", "subject_type", "subject_id") if name in query}
        statement = sa.select(AuditEvent).filter_by(**filters)
        return page_of(ordered(statement, AuditEvent, query["sort"]), query["page"], query["page_size"])


@audit.route("/<row:event_id>")
class OneEvent(MethodView):
    """One event."""

    @audit.answers(200, AuditEventSchema(), fails=(404,))
    def get(self, event_id: int) -> AuditEvent:
        """Show an event"""
        return find(AuditEvent, event_id)
