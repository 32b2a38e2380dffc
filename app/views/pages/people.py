"""/users : people, and what belongs to them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from ... import queries
from ...actions import people as actions
from ...forms import Form, PersonForm
from ...models import Membership, Task, User
from .text import page_of, sought

people = Blueprint("people", __name__, url_prefix="/users")


@people.get("")
def index() -> ResponseReturnValue:
    """All people, or those found."""
    statement = sa.select(User).options(selectinload(User.memberships).joinedload(Membership.team))
    if text := sought():
        statement = statement.where(queries.containing(text, (User.username, User.email)))
    return render_template("people/index.html", page=page_of(statement.order_by(User.username)), q=text)


@people.get("/<row:user_id>")
def person(user_id: int) -> ResponseReturnValue:
    """A person with their profile, teams and tasks."""
    teams = selectinload(User.memberships).joinedload(Membership.team)
    user = queries.find(User, user_id, joinedload(User.profile), teams)
    own = (
        sa.select(Task)
        .where(Task.assignee_id == user.id)
        .options(joinedload(Task.project), selectinload(Task.tags))
    )
    return render_template(
        "people/person.html", user=user, page=page_of(own.order_by(Task.done, Task.due_on, Task.id))
    )


@people.route("/new", methods=["GET", "POST"])
def create() -> ResponseReturnValue:
    """Add a person."""
    form = Form.of(PersonForm(), {"is_active": True})
    if form.data is not None:
        with form.refusals():
            user = actions.create_user(_values(form.data))
            flash(f"{user.username} was added.")
            return redirect(url_for(".person", user_id=user.id), 303)
    return render_template("people/edit.html", form=form, user=None), form.status


@people.route("/<row:user_id>/edit", methods=["GET", "POST"])
def edit(user_id: int) -> ResponseReturnValue:
    """Change a person."""
    user = queries.find(User, user_id, joinedload(User.profile))
    bio = user.profile.bio if user.profile else None
    typed = {"username": user.username, "email": user.email, "is_active": user.is_active, "bio": bio}
    form = Form.of(PersonForm(), typed)
    if form.data is not None:
        with form.refusals():
            actions.change_user(user_id, _values(form.data, had_profile=user.profile is not None))
            flash("Saved.")
            return redirect(url_for(".person", user_id=user_id), 303)
    return render_template("people/edit.html", form=form, user=user), form.status


@people.route("/<row:user_id>/delete", methods=["GET"])
def ask_delete(user_id: int) -> ResponseReturnValue:
    """Say what goes with a person, and ask."""
    user = queries.find(User, user_id)
    teams = queries.count(sa.select(Membership).where(Membership.user_id == user_id))
    tasks = queries.count(sa.select(Task).where(Task.assignee_id == user_id))
    return render_template("people/delete.html", user=user, teams=teams, tasks=tasks)


@people.post("/<row:user_id>/delete")
def delete(user_id: int) -> ResponseReturnValue:
    """Delete a person."""
    flash(f"{actions.delete_user(user_id)} was deleted.")
    return redirect(url_for(".index"), 303)


def _values(data: dict[str, Any], had_profile: bool = False) -> dict[str, Any]:
    """The form's fields as the actions take them; an empty bio alone makes no profile."""
    own = {name: data[name] for name in ("username", "email", "is_active")}
    if data["bio"] is None and not had_profile:
        return own
    return own | {"profile": {"bio": data["bio"]}}
