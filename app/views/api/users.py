"""/api/v1/users"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.views import MethodView
from marshmallow import fields
from sqlalchemy.orm import joinedload, selectinload

from ...actions import people
from ...extensions import db
from ...models import Membership, User
from ...queries import Page, containing, find, ordered, page_of
from ...schemas import MembershipSchema, UserSchema
from .resource import Resource, SearchQuery, page_schema, sorting

users = Resource("users", "People, with their profiles")


class UserQuery(SearchQuery):
    is_active = fields.Boolean()
    sort = sorting("id", "username", "email")


@users.route("")
class Users(MethodView):
    """All people."""

    @users.query(UserQuery)
    @users.answers(200, page_schema(UserSchema()), fails=(400,))
    def get(self, query: dict[str, Any]) -> Page[User]:
        """List people"""
        statement = sa.select(User).options(selectinload(User.profile))
        if query["q"]:
            statement = statement.where(containing(query["q"], (User.username, User.email)))
        if "is_active" in query:
            statement = statement.where(User.is_active == query["is_active"])
        return page_of(ordered(statement, User, query["sort"]), query["page"], query["page_size"])

    @users.body(UserSchema())
    @users.answers(201, UserSchema(), fails=(400, 409, 415))
    def post(self, values: dict[str, Any]) -> User:
        """Add a person"""
        return people.create_user(values)


@users.route("/<row:user_id>")
class OneUser(MethodView):
    """One person."""

    @users.answers(200, UserSchema(), fails=(404,))
    def get(self, user_id: int) -> User:
        """Show a person"""
        return find(User, user_id, joinedload(User.profile))

    @users.body(UserSchema(partial=True))
    @users.answers(200, UserSchema(), fails=(400, 404, 409, 415))
    def patch(self, values: dict[str, Any], user_id: int) -> User:
        """Change what the body names"""
        return people.change_user(user_id, values)

    @users.answers(204, fails=(404,))
    def delete(self, user_id: int) -> None:
        """Delete a person; their tasks lose their assignee"""
        people.delete_user(user_id)


@users.route("/<row:user_id>/memberships")
class UserMemberships(MethodView):
    """A person's teams."""

    @users.answers(200, MembershipSchema(many=True), fails=(404,))
    def get(self, user_id: int) -> list[Membership]:
        """List the teams of a person"""
        user = find(User, user_id)
        own = sa.select(Membership).where(Membership.user_id == user.id).options(joinedload(Membership.user))
        return list(db.session.scalars(own.order_by(Membership.team_id)))
