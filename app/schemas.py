"""How records look as JSON and what may be sent: marshmallow schemas over `rules`, which the pages' forms share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from . import rules
from .models import Role, Status, Tag


class Ruled(fields.String):
    """Text that a rule trims and checks."""

    def __init__(
        self, rule: Callable[[str], str | None], longest: int, shortest: int = 1, **kwargs: Any
    ) -> None:
        # For the OpenAPI document; the rule itself looks after trimming.
        kwargs.setdefault("metadata", {}).update(minLength=shortest, maxLength=longest)
        kwargs.setdefault("error_messages", {"invalid": "is not text"})
        super().__init__(**kwargs)
        self.rule = rule

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return self.rule(text)
        except ValueError as error:
            raise ma.ValidationError(str(error)) from error


def line(longest: int, **kwargs: Any) -> Ruled:
    """A field of one line of text."""
    return Ruled(lambda given: rules.line(given, longest), longest, **kwargs)


def prose(**kwargs: Any) -> Ruled:
    """A field of several lines of text; blank is the same as null."""
    return Ruled(rules.prose, rules.PROSE_MAX, shortest=0, allow_none=True, **kwargs)


def identity(highest: int = rules.ID_MAX, **kwargs: Any) -> fields.Integer:
    """A field that names another record."""
    return fields.Integer(strict=True, validate=validate.Range(1, highest), **kwargs)


class TagName(Ruled):
    """A tag, by its name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(rules.tag, 40, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str:
        return value.name if isinstance(value, Tag) else str(value)


class Money(fields.Field[Any]):
    """An amount, sent and shown as text, so that no digit is lost on the way."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return rules.money(value)
        except ValueError as error:
            raise ma.ValidationError(str(error)) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value:.2f}"


class JsonObject(fields.Field[Any]):
    """A JSON object, kept as it came."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return rules.json_object(value)
        except ValueError as error:
            raise ma.ValidationError(str(error)) from error


def day(**kwargs: Any) -> fields.Date:
    """A date in the years that all four databases and calendars agree on."""
    return fields.Date(
        allow_none=True, validate=validate.Range(date(1900, 1, 1), date(2199, 12, 31)), **kwargs
    )


def moment() -> fields.AwareDateTime:
    """When something happened, in UTC; set by the app."""
    return fields.AwareDateTime(format="iso", dump_only=True)


class ProfileSchema(ma.Schema):
    bio = prose()
    preferences = JsonObject(allow_none=True, metadata={"type": "object"})


class UserSchema(ma.Schema):
    id = fields.Integer(dump_only=True)
    username = Ruled(rules.username, 64, required=True, metadata={"example": "ann.meyer"})
    email = Ruled(rules.email, 254, required=True, metadata={"format": "email"})
    is_active = fields.Boolean(load_default=True)
    profile = fields.Nested(ProfileSchema, allow_none=True, load_default=None)


class TeamSchema(ma.Schema):
    id = fields.Integer(dump_only=True)
    name = line(80, required=True)
    created_at = moment()


class MembershipSchema(ma.Schema):
    team_id = fields.Integer(dump_only=True)
    user_id = identity(required=True)
    username = fields.String(attribute="user.username", dump_only=True)
    role = fields.Enum(Role, by_value=True, load_default=Role.MEMBER)
    joined_at = moment()


class MembershipChangeSchema(ma.Schema):
    role = fields.Enum(Role, by_value=True, required=True)


class ProjectSchema(ma.Schema):
    id = fields.Integer(dump_only=True)
    team_id = identity(required=True)
    name = line(120, required=True)
    status = fields.Enum(Status, by_value=True, load_default=Status.PLANNED)
    budget = Money(load_default=rules.money("0"), metadata={"type": "string", "example": "1250.00"})
    starts_on = day(load_default=None)


class TaskSchema(ma.Schema):
    id = fields.Integer(dump_only=True)
    project_id = identity(required=True)
    assignee_id = identity(allow_none=True, load_default=None)
    title = line(200, required=True)
    notes = prose(load_default=None)
    done = fields.Boolean(load_default=False)
    due_on = day(load_default=None)
    tags = fields.List(TagName(), load_default=list, validate=validate.Length(max=20))
    created_at = moment()
    updated_at = moment()


class TagSchema(ma.Schema):
    id = fields.Integer(dump_only=True)
    team_id = identity(required=True)
    name = TagName(required=True)


class AuditEventSchema(ma.Schema):
    id = fields.Integer()
    # Null when the actor is gone, or never was a person.
    actor_id = fields.Integer(allow_none=True)
    action = fields.String()
    subject_type = fields.String()
    subject_id = fields.Integer()
    detail = fields.Dict()
    happened_at = moment()
