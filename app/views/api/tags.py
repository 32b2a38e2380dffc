"""/api/v1/tags"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask.views import MethodView

from ...actions import projects as actions
from ...models import Tag
from ...queries import Page, containing, find, ordered, page_of
from ...schemas import TagSchema
from .resource import Resource, SearchQuery, page_schema, referring, sorting

tags = Resource("tags", "A team's words for its tasks")


class TagQuery(SearchQuery):
    team_id = referring()
    sort = sorting("id", "name")


@tags.route("")
class Tags(MethodView):
    """All tags."""

    @tags.query(TagQuery)
    @tags.answers(200, page_schema(TagSchema()), fails=(400,))
    def get(self, query: dict[str, Any]) -> Page[Tag]:
        """List tags"""
        statement = sa.select(Tag).filter_by(**{name: query[name] for name in ("team_id",) if name in query})
        if query["q"]:
            statement = statement.where(containing(query["q"], (Tag.name,)))
        return page_of(ordered(statement, Tag, query["sort"]), query["page"], query["page_size"])

    @tags.body(TagSchema())
    @tags.answers(201, TagSchema(), fails=(400, 409, 415))
    def post(self, values: dict[str, Any]) -> Tag:
        """Add a tag"""
        return actions.create_tag(values)


@tags.route("/<row:tag_id>")
class OneTag(MethodView):
    """One tag."""

    @tags.answers(200, TagSchema(), fails=(404,))
    def get(self, tag_id: int) -> Tag:
        """Show a tag"""
        return find(Tag, tag_id)

    @tags.body(TagSchema(partial=True, exclude=("team_id",)))
    @tags.answers(200, TagSchema(), fails=(400, 404, 409, 415))
    def patch(self, values: dict[str, Any], tag_id: int) -> Tag:
        """Rename a tag"""
        return actions.change_tag(tag_id, values)

    @tags.answers(204, fails=(404,))
    def delete(self, tag_id: int) -> None:
        """Delete a tag, also from the tasks that carry it"""
        actions.delete_tag(tag_id)
