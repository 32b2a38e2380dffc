"""/api/v1/teams"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.views import MethodView
from marshmallow import fields
from sqlalchemy.orm import joinedload

from ...actions import teams as actions
from ...models import Membership, Role, Team
from ...queries import Page, containing, find, ordered, page_of
from ...schemas import MembershipChangeSchema, MembershipSchema, TeamSchema
from .resource import ListQuery, Resource, SearchQuery, page_schema, sorting

teams = Resource("teams", "Teams, and who belongs to them")


class TeamQuery(SearchQuery):
    sort = sorting("id", "name", "created_at")


class MembershipQuery(ListQuery):
    role = fields.Enum(Role, by_value=True)


@teams.route("")
class Teams(MethodView):
    """All teams."""

    @teams.query(TeamQuery)
    @teams.answers(200, page_schema(TeamSchema()), fails=(400,))
    def get(self, query: dict[str, Any]) -> Page[Team]:
        """List teams"""
        statement = sa.select(Team)
        if query["q"]:
            statement = statement.where(containing(query["q"], (Team.name,)))
        return page_of(ordered(statement, Team, query["sort"]), query["page"], query["page_size"])

    @teams.body(TeamSchema())
    @teams.answers(201, TeamSchema(), fails=(400, 409, 415))
    def post(self, values: dict[str, Any]) -> Team:
        """Add a team"""
        return actions.create_team(values)


@teams.route("/<row:team_id>")
class OneTeam(MethodView):
    """One team."""

    @teams.answers(200, TeamSchema(), fails=(404,))
    def get(self, team_id: int) -> Team:
        """Show a team"""
        return find(Team, team_id)

    @teams.body(TeamSchema(partial=True))
    @teams.answers(200, TeamSchema(), fails=(400, 404, 409, 415))
    def patch(self, values: dict[str, Any], team_id: int) -> Team:
        """Change what the body names"""
        return actions.change_team(team_id, values)

    @teams.answers(204, fails=(404,))
    def delete(self, team_id: int) -> None:
        """Delete a team with its projects, their tasks, and tags"""
        actions.delete_team(team_id)


@teams.route("/<row:team_id>/memberships")
class TeamMemberships(MethodView):
    """Who belongs to a team."""

    @teams.query(MembershipQuery)
    @teams.answers(200, page_schema(MembershipSchema()), fails=(400, 404))
    def get(self, query: dict[str, Any], team_id: int) -> Page[Membership]:
        """List members"""
        team = find(Team, team_id)
        statement = (
            sa.select(Membership).where(Membership.team_id == team.id).options(joinedload(Membership.user))
        )
        if "role" in query:
            statement = statement.where(Membership.role == query["role"])
        return page_of(statement.order_by(Membership.user_id), query["page"], query["page_size"])

    @teams.body(MembershipSchema())
    @teams.answers(201, MembershipSchema(), fails=(400, 404, 409, 415))
    def post(self, values: dict[str, Any], team_id: int) -> Membership:
        """Let a person into the team"""
        return actions.add_member(team_id, values["user_id"], values["role"])


@teams.route("/<row:team_id>/memberships/<row:user_id>")
class OneMembership(MethodView):
    """One member of a team."""

    @teams.answers(200, MembershipSchema(), fails=(404,))
    def get(self, team_id: int, user_id: int) -> Membership:
        """Show a member"""
        return find(Membership, (team_id, user_id), joinedload(Membership.user))

    @teams.body(MembershipChangeSchema())
    @teams.answers(200, MembershipSchema(), fails=(400, 404, 415))
    def patch(self, values: dict[str, Any], team_id: int, user_id: int) -> Membership:
        """Give a member another role"""
        return actions.change_member(team_id, user_id, values)

    @teams.answers(204, fails=(404,))
    def delete(self, team_id: int, user_id: int) -> None:
        """Take a person out of the team"""
        actions.remove_member(team_id, user_id)
