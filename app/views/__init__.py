"""What answers requests: health checks, the JSON API, the pages, and the lab's."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, ValidationError

from flask_lab.web import lab

from ..rules import BIG_ID_MAX
from . import api, health, pages


class RowConverter(IntegerConverter):
    """A row's key in a URL; beyond 64 bits nothing can be there, and SQLite's driver would not even ask."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> Any:
        key = super().to_python(value)
        if key > BIG_ID_MAX:
            raise ValidationError
        return key


def init_app(app: Flask) -> None:
    """Register everything that answers requests."""
    app.url_map.converters["row"] = RowConverter
    app.register_blueprint(health.health)
    api.init_app(app)
    pages.init_app(app)
    app.register_blueprint(lab, url_prefix="/lab")
