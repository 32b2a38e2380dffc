"""Changes to teams and to who belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import joinedload

from ..extensions import db
from ..models import Membership, Role, Team
from ..queries import find
from .transaction import assign, record_event, remove, transaction


@transaction
def create_team(values: Mapping[str, Any]) -> Team:
    """A new team without members."""
    team = Team(**values)
    db.session.add(team)
    db.session.flush()
    record_event("created", team, team.id, {"label": team.name})
    return team


@transaction
def change_team(team_id: int, values: Mapping[str, Any]) -> Team:
    """Change what `values` names."""
    team = find(Team, team_id)
    if changed := assign(team, values):
        record_event("changed", team, team.id, {"label": team.name, "fields": changed})
    return team


@transaction
def delete_team(team_id: int) -> str:
    """Delete a team with its memberships, projects, their tasks, and tags. Returns its name."""
    team = find(Team, team_id)
    remove(team)
    record_event("deleted", team, team_id, {"label": team.name})
    return team.name


@transaction
def add_member(team_id: int, user_id: int, role: Role) -> Membership:
    """Let a user into a team."""
    team = find(Team, team_id)
    membership = Membership(team_id=team_id, user_id=user_id, role=role)
    db.session.add(membership)
    db.session.flush()
    who = membership.user.username
    record_event("joined", team, team_id, {"label": team.name, "user": who, "role": role.value})
    return membership


@transaction
def change_member(team_id: int, user_id: int, values: Mapping[str, Any]) -> Membership:
    """Give a member another role."""
    membership = _find_member(team_id, user_id)
    if assign(membership, values):
        detail = {
            "label": membership.team.name,
            "user": membership.user.username,
            "role": membership.role.value,
        }
        record_event("continues in", membership.team, team_id, detail)
    return membership


@transaction
def remove_member(team_id: int, user_id: int) -> str:
    """Take a user out of a team. Returns the username."""
    membership = _find_member(team_id, user_id)
    username = membership.user.username
    record_event("left", membership.team, team_id, {"label": membership.team.name, "user": username})
    remove(membership)
    return username


def _find_member(team_id: int, user_id: int) -> Membership:
    return find(Membership, (team_id, user_id), joinedload(Membership.team), joinedload(Membership.user))
