"""The JSON API under /api/v1, described by /api/openapi.json."""

from __future__ import annotations

import marshmallow as ma
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask
from flask_smorest import Api

from ...extensions import csrf
from .audit import audit
from .projects import projects
from .tags import tags
from .tasks import tasks
from .teams import teams
from .users import users


def init_app(app: Flask) -> None:
    """Register the API. It reads no cookie and takes JSON only, so there is no form of another site to fear."""
    app.config.from_mapping(
        API_TITLE="Flask migration lab",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = Api(app, spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_name_schema)})
    for blueprint in (users, teams, projects, tasks, tags, audit):
        api.register_blueprint(blueprint)
        csrf.exempt(blueprint)


def _name_schema(schema: ma.Schema | type[ma.Schema]) -> str:
    """A schema's name in the document; one that changes records asks for less than one that makes them."""
    kind = resolve_schema_cls(schema)
    name = getattr(kind, "__name__", str(kind)).removesuffix("Schema")
    return f"{name}Change" if getattr(schema, "partial", False) else name
