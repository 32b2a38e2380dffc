"""/projects : what teams work on, and the tasks in it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from ... import queries
from ...actions import projects as actions
from ...extensions import db
from ...forms import Form, ProjectForm, TaskForm
from ...models import Project, Status, Task, Team
from .tasks import task_values
from .text import choice, page_of, sought

projects = Blueprint("projects", __name__)


@projects.get("/projects")
def index() -> ResponseReturnValue:
    """All projects, or those found."""
    statement = sa.select(Project).options(joinedload(Project.team))
    if text := sought():
        statement = statement.where(queries.containing(text, (Project.name,)))
    if status := choice(ProjectForm(), "status"):
        statement = statement.where(Project.status == status)
    page = page_of(statement.order_by(Project.name, Project.id))
    open_tasks = _open_tasks([project.id for project in page.items])
    return render_template(
        "projects/index.html", page=page, q=text, status=status, statuses=list(Status), open_tasks=open_tasks
    )


@projects.route("/projects/<row:project_id>", methods=["GET", "POST"])
def project(project_id: int) -> ResponseReturnValue:
    """A project with its tasks; takes a new one."""
    found = queries.find(Project, project_id, joinedload(Project.team))
    form = Form.of(TaskForm())
    values = task_values(form)
    if values is not None:
        with form.refusals():
            task = actions.create_task({"project_id": project_id, **values})
            flash(f"“{task.title}” was added.")
            return redirect(url_for(".project", project_id=project_id), 303)
    return _render_project(found, form)


@projects.route("/teams/<row:team_id>/projects/new", methods=["GET", "POST"])
def create(team_id: int) -> ResponseReturnValue:
    """Add a project to a team."""
    team = queries.find(Team, team_id)
    form = Form.of(ProjectForm(), {"status": Status.PLANNED.value, "budget": "0.00"})
    if form.data is not None:
        with form.refusals():
            made = actions.create_project({"team_id": team_id, **form.data})
            flash(f"{made.name} was added.")
            return redirect(url_for(".project", project_id=made.id), 303)
    return render_template(
        "projects/edit.html", form=form, project=None, team=team, statuses=list(Status)
    ), form.status


@projects.route("/projects/<row:project_id>/edit", methods=["GET", "POST"])
def edit(project_id: int) -> ResponseReturnValue:
    """Change a project."""
    found = queries.find(Project, project_id, joinedload(Project.team))
    typed = {
        "name": found.name,
        "status": found.status.value,
        "budget": f"{found.budget:.2f}",
        "starts_on": found.starts_on,
    }
    form = Form.of(ProjectForm(), typed)
    if form.data is not None:
        with form.refusals():
            actions.change_project(project_id, form.data)
            flash("Saved.")
            return redirect(url_for(".project", project_id=project_id), 303)
    page = render_template(
        "projects/edit.html", form=form, project=found, team=found.team, statuses=list(Status)
    )
    return page, form.status


@projects.get("/projects/<row:project_id>/delete")
def ask_delete(project_id: int) -> ResponseReturnValue:
    """Say what goes with a project, and ask."""
    found = queries.find(Project, project_id)
    tasks = queries.count(sa.select(Task).where(Task.project_id == project_id))
    return render_template("projects/delete.html", project=found, tasks=tasks)


@projects.post("/projects/<row:project_id>/delete")
def delete(project_id: int) -> ResponseReturnValue:
    """Delete a project."""
    gone = actions.delete_project(project_id)
    flash(f"{gone.name} was deleted.")
    return redirect(url_for("teams.team", team_id=gone.team_id), 303)


def _render_project(found: Project, form: Form) -> ResponseReturnValue:
    tasks = sa.select(Task).where(Task.project_id == found.id)
    show = request.args.get("show", "all")
    if show in {"open", "done"}:
        tasks = tasks.where(Task.done.is_(show == "done"))
    if text := sought():
        tasks = tasks.where(queries.containing(text, (Task.title,)))
    tasks = tasks.options(joinedload(Task.assignee), selectinload(Task.tags))
    page = page_of(tasks.order_by(Task.done, Task.due_on, Task.id))
    return render_template(
        "projects/project.html", project=found, form=form, page=page, q=text, show=show
    ), form.status


def _open_tasks(project_ids: list[int]) -> dict[int, int]:
    counted = sa.select(Task.project_id, sa.func.count()).where(
        Task.project_id.in_(project_ids), Task.done.is_(False)
    )
    return {row[0]: row[1] for row in db.session.execute(counted.group_by(Task.project_id))}
