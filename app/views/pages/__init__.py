"""Pages for people: server-rendered, without scripts."""

from __future__ import annotations

from flask import Flask

from . import text
from .activity import activity
from .home import home
from .overview import overview
from .people import people
from .projects import projects
from .tasks import tasks
from .teams import teams


def init_app(app: Flask) -> None:
    """Register the pages and what their templates use."""
    text.init_app(app)
    for blueprint in (home, people, teams, projects, tasks, activity, overview):
        app.register_blueprint(blueprint)
