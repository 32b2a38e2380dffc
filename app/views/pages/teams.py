"""/teams : teams, their members and projects."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from ... import queries
from ...actions import teams as actions
from ...extensions import db
from ...forms import Form, MemberForm, TeamForm
from ...models import Membership, Project, Role, Team, User
from .text import page_of, sought

teams = Blueprint("teams", __name__, url_prefix="/teams")
MEMBERS_SHOWN = 50


@teams.get("")
def index() -> ResponseReturnValue:
    """All teams, or those found."""
    statement = sa.select(Team)
    if text := sought():
        statement = statement.where(queries.containing(text, (Team.name,)))
    page = page_of(statement.order_by(Team.name))
    ids = [team.id for team in page.items]
    members, projects = _counts(Membership, ids), _counts(Project, ids)
    return render_template("teams/index.html", page=page, q=text, members=members, projects=projects)


@teams.route("/<row:team_id>", methods=["GET", "POST"])
def team(team_id: int) -> ResponseReturnValue:
    """A team with its members and projects; takes a new member."""
    found = queries.find(Team, team_id)
    form = Form.of(MemberForm(), {"role": Role.MEMBER.value})
    if form.data is not None:
        user_id = db.session.scalar(sa.select(User.id).where(User.username == form.data["username"]))
        if user_id is None:
            form.refuse("username", "is nobody here")
        else:
            with form.refusals(user_id="username"):
                actions.add_member(team_id, user_id, form.data["role"])
                flash(f"{form.data['username']} joined {found.name}.")
                return redirect(url_for(".team", team_id=team_id), 303)
    return _render_team(found, form)


@teams.post("/<row:team_id>/members/<row:user_id>/remove")
def remove_member(team_id: int, user_id: int) -> ResponseReturnValue:
    """Take a person out of a team."""
    flash(f"{actions.remove_member(team_id, user_id)} left the team.")
    return redirect(url_for(".team", team_id=team_id), 303)


@teams.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """Add a team."""
    form = Form.of(TeamForm())
    if form.data is not None:
        with form.refusals():
            made = actions.create_team(form.data)
            flash(f"{made.name} was added.")
            return redirect(url_for(".team", team_id=made.id), 303)
    return render_template("teams/edit.html", form=form, team=None), form.status


@teams.route("/<row:team_id>/edit", methods=["GET", "POST"])
def edit(team_id: int) -> ResponseReturnValue:
    """Rename a team."""
    found = queries.find(Team, team_id)
    form = Form.of(TeamForm(), {"name": found.name})
    if form.data is not None:
        with form.refusals():
            actions.change_team(team_id, form.data)
            flash("Saved.")
            return redirect(url_for(".team", team_id=team_id), 303)
    return render_template("teams/edit.html", form=form, team=found), form.status


@teams.get("/<row:team_id>/delete")
def ask_delete(team_id: int) -> ResponseReturnValue:
    """Say what goes with a team, and ask."""
    found = queries.find(Team, team_id)
    members, projects = (_counts(model, [team_id]).get(team_id, 0) for model in (Membership, Project))
    return render_template("teams/delete.html", team=found, members=members, projects=projects)


@teams.post("/<row:team_id>/delete")
def delete(team_id: int) -> ResponseReturnValue:
    """Delete a team."""
    flash(f"{actions.delete_team(team_id)} was deleted.")
    return redirect(url_for(".index"), 303)


def _render_team(found: Team, form: Form) -> ResponseReturnValue:
    own = sa.select(Membership).where(Membership.team_id == found.id).options(joinedload(Membership.user))
    own = own.join(Membership.user).order_by(User.username)
    projects = sa.select(Project).where(Project.team_id == found.id).order_by(Project.name, Project.id)
    page = render_template(
        "teams/team.html",
        team=found,
        form=form,
        members=list(db.session.scalars(own.limit(MEMBERS_SHOWN))),
        member_count=_counts(Membership, [found.id]).get(found.id, 0),
        page=page_of(projects),
        roles=list(Role),
    )
    return page, form.status


def _counts(model: type[Membership | Project], team_ids: Iterable[int]) -> dict[int, int]:
    """How many rows of `model` each of these teams has."""
    rows = db.session.execute(
        sa.select(model.team_id, sa.func.count()).where(model.team_id.in_(team_ids)).group_by(model.team_id)
    )
    return {row[0]: row[1] for row in rows}
