"""/tasks/… : one task."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from ... import queries
from ...actions import projects as actions
from ...extensions import db
from ...forms import Form, TaskForm
from ...models import Task, User

tasks = Blueprint("tasks", __name__, url_prefix="/tasks")


@tasks.route("/<row:task_id>", methods=["GET", "POST"])
def edit(task_id: int) -> ResponseReturnValue:
    """Show and change a task."""
    task = queries.find(
        Task, task_id, joinedload(Task.project), joinedload(Task.assignee), selectinload(Task.tags)
    )
    form = Form.of(TaskForm(), _typed(task))
    values = task_values(form)
    if values is not None:
        with form.refusals():
            actions.change_task(task_id, values)
            flash("Saved.")
            return redirect(url_for("projects.project", project_id=task.project_id), 303)
    return render_template("tasks/edit.html", form=form, task=task), form.status


@tasks.post("/<row:task_id>/done")
def mark(task_id: int) -> ResponseReturnValue:
    """Mark a task as done, or as open again."""
    task = actions.change_task(task_id, {"done": request.form.get("done") == "1"})
    return redirect(url_for("projects.project", project_id=task.project_id), 303)


@tasks.post("/<row:task_id>/delete")
def delete(task_id: int) -> ResponseReturnValue:
    """Delete a task."""
    gone = actions.delete_task(task_id)
    flash(f"“{gone.title}” was deleted.")
    return redirect(url_for("projects.project", project_id=gone.project_id), 303)


def task_values(form: Form) -> dict[str, Any] | None:
    """A valid form's fields as the actions take them; people name an assignee, the database wants their key."""
    if form.data is None:
        return None
    values = dict(form.data)
    assignee = values.pop("assignee")
    values["assignee_id"] = None
    if assignee is not None:
        values["assignee_id"] = db.session.scalar(sa.select(User.id).where(User.username == assignee))
        if values["assignee_id"] is None:
            form.refuse("assignee", "is nobody here")
            return None
    return values


def _typed(task: Task) -> dict[str, Any]:
    return {
        "title": task.title,
        "notes": task.notes,
        "assignee": task.assignee.username if task.assignee else None,
        "due_on": task.due_on,
        "tags": ", ".join(tag.name for tag in task.tags),
        "done": task.done,
    }
