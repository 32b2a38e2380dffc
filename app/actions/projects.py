"""Changes to projects, their tasks and the tags on those."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..models import Project, Tag, Task
from ..queries import find
from .transaction import assign, record_event, remove, transaction


@transaction
def create_project(values: Mapping[str, Any]) -> Project:
    """A new project of a team."""
    project = Project(**values)
    db.session.add(project)
    db.session.flush()
    record_event("created", project, project.id, {"label": project.name})
    return project


@transaction
def change_project(project_id: int, values: Mapping[str, Any]) -> Project:
    """Change what `values` names."""
    project = find(Project, project_id)
    if changed := assign(project, values):
        record_event("changed", project, project.id, {"label": project.name, "fields": changed})
    return project


@transaction
def delete_project(project_id: int) -> Project:
    """Delete a project with its tasks; returns what it was."""
    project = find(Project, project_id)
    remove(project)
    record_event("deleted", project, project_id, {"label": project.name})
    return project


@transaction
def create_task(values: Mapping[str, Any]) -> Task:
    """A new task of a project; `tags` are names, made where the team does not have them yet."""
    own = dict(values)
    names = own.pop("tags", [])
    task = Task(**own, tags=[])
    db.session.add(task)
    # The task before its tags: if the project is not there, the database says so about the task.
    db.session.flush()
    if names:
        task.tags = _tags(task.project.team_id, names)
    record_event("created", task, task.id, {"label": task.title})
    return task


@transaction
def change_task(task_id: int, values: Mapping[str, Any]) -> Task:
    """Change what `values` names; `tags` replaces them all."""
    task = find(Task, task_id, selectinload(Task.tags))
    own = dict(values)
    names = own.pop("tags", None)
    changed = assign(task, own)
    if names is not None and sorted(names) != sorted(tag.name for tag in task.tags):
        task.tags = _tags(task.project.team_id, names)
        changed.append("tags")
    if changed:
        record_event("changed", task, task.id, {"label": task.title, "fields": changed})
    return task


@transaction
def delete_task(task_id: int) -> Task:
    """Delete a task; returns what it was."""
    task = find(Task, task_id)
    remove(task)
    record_event("deleted", task, task_id, {"label": task.title})
    return task


@transaction
def create_tag(values: Mapping[str, Any]) -> Tag:
    """A new tag of a team."""
    tag = Tag(**values)
    db.session.add(tag)
    db.session.flush()
    record_event("created", tag, tag.id, {"label": tag.name})
    return tag


@transaction
def change_tag(tag_id: int, values: Mapping[str, Any]) -> Tag:
    """Rename a tag wherever it is used."""
    tag = find(Tag, tag_id)
    if changed := assign(tag, values):
        record_event("changed", tag, tag.id, {"label": tag.name, "fields": changed})
    return tag


@transaction
def delete_tag(tag_id: int) -> None:
    """Delete a tag, also from the tasks that carry it."""
    tag = find(Tag, tag_id)
    remove(tag)
    record_event("deleted", tag, tag_id, {"label": tag.name})


def _tags(team_id: int, names: Sequence[str]) -> list[Tag]:
    """The team's tags of these names, in a fixed order, so that two that add the same ones cannot block each other."""
    wanted = sa.select(Tag).where(Tag.team_id == team_id, Tag.name.in_(names))
    found = {tag.name: tag for tag in db.session.scalars(wanted)}
    for name in sorted(set(names) - found.keys()):
        found[name] = _new_tag(team_id, name)
    return [found[name] for name in sorted(found)]


def _new_tag(team_id: int, name: str) -> Tag:
    tag = Tag(team_id=team_id, name=name)
    try:
        with db.session.begin_nested():
            db.session.add(tag)
            db.session.flush()
    except IntegrityError:
        # Another request was first, and has committed: else the insert would still be waiting for it.
        same = sa.select(Tag).where(Tag.team_id == team_id, Tag.name == name)
        found = db.session.scalar(same)
        if found is None:
            raise
        return found
    return tag
