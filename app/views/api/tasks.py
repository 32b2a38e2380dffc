"""/api/v1/tasks"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.views import MethodView
from marshmallow import fields
from sqlalchemy.orm import selectinload

from ...actions import projects as actions
from ...models import Tag, Task
from ...queries import Page, containing, find, ordered, page_of
from ...schemas import TagName, TaskSchema
from .resource import Resource, SearchQuery, page_schema, referring, sorting

tasks = Resource("tasks", "What there is to do")


class TaskQuery(SearchQuery):
    project_id = referring()
    assignee_id = referring()
    done = fields.Boolean()
    tag = TagName()
    sort = sorting("id", "due_on", "title", "created_at", "updated_at")


@tasks.route("")
class Tasks(MethodView):
    """All tasks."""

    @tasks.query(TaskQuery)
    @tasks.answers(200, page_schema(TaskSchema()), fails=(400,))
    def get(self, query: dict[str, Any]) -> Page[Task]:
        """List tasks"""
        filters = {name: query[name] for name in ("project_id", "assignee_id", "done") if name in query}
        statement = sa.select(Task).filter_by(**filters).options(selectinload(Task.tags))
        if query["q"]:
            statement = statement.where(containing(query["q"], (Task.title,)))
        if "tag" in query:
            statement = statement.where(Task.tags.any(Tag.name == query["tag"]))
        return page_of(ordered(statement, Task, query["sort"]), query["page"], query["page_size"])

    @tasks.body(TaskSchema())
    @tasks.answers(201, TaskSchema(), fails=(400, 409, 415))
    def post(self, values: dict[str, Any]) -> Task:
        """Add a task; tags that the team does not have yet are made"""
        return actions.create_task(values)


@tasks.route("/<row:task_id>")
class OneTask(MethodView):
    """One task."""

    @tasks.answers(200, TaskSchema(), fails=(404,))
    def get(self, task_id: int) -> Task:
        """Show a task"""
        return find(Task, task_id, selectinload(Task.tags))

    @tasks.body(TaskSchema(partial=True, exclude=("project_id",)))
    @tasks.answers(200, TaskSchema(), fails=(400, 404, 409, 415))
    def patch(self, values: dict[str, Any], task_id: int) -> Task:
        """Change what the body names; `tags` replaces them all"""
        return actions.change_task(task_id, values)

    @tasks.answers(204, fails=(404,))
    def delete(self, task_id: int) -> None:
        """Delete a task"""
        actions.delete_task(task_id)
