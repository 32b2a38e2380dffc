"""/api/v1/projects"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.views import MethodView
from marshmallow import fields

from ...actions import projects as actions
from ...models import Project, Status
from ...queries import Page, containing, find, ordered, page_of
from ...schemas import ProjectSchema
from .resource import Resource, SearchQuery, page_schema, referring, sorting

projects = Resource("projects", "What teams work on")


class ProjectQuery(SearchQuery):
    team_id = referring()
    status = fields.Enum(Status, by_value=True)
    sort = sorting("id", "name", "budget", "starts_on")


@projects.route("")
class Projects(MethodView):
    """All projects."""

    @projects.query(ProjectQuery)
    @projects.answers(200, page_schema(ProjectSchema()), fails=(400,))
    def get(self, query: dict[str, Any]) -> Page[Project]:
        """List projects"""
        filters = {name: query[name] for name in ("team_id", "status") if name in query}
        statement = sa.select(Project).filter_by(**filters)
        if query["q"]:
            statement = statement.where(containing(query["q"], (Project.name,)))
        return page_of(ordered(statement, Project, query["sort"]), query["page"], query["page_size"])

    @projects.body(ProjectSchema())
    @projects.answers(201, ProjectSchema(), fails=(400, 409, 415))
    def post(self, values: dict[str, Any]) -> Project:
        """Add a project"""
        return actions.create_project(values)


@projects.route("/<row:project_id>")
class OneProject(MethodView):
    """One project."""

    @projects.answers(200, ProjectSchema(), fails=(404,))
    def get(self, project_id: int) -> Project:
        """Show a project"""
        return find(Project, project_id)

    @projects.body(ProjectSchema(partial=True, exclude=("team_id",)))
    @projects.answers(200, ProjectSchema(), fails=(400, 404, 409, 415))
    def patch(self, values: dict[str, Any], project_id: int) -> Project:
        """Change what the body names; a project stays with its team"""
        return actions.change_project(project_id, values)

    @projects.answers(204, fails=(404,))
    def delete(self, project_id: int) -> None:
        """Delete a project with its tasks"""
        actions.delete_project(project_id)
