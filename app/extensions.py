"""The Flask extensions, made here without an app and bound to one by `create_app`."""

from __future__ import annotations

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from .models.base import Model

# What a request has written it still shows after its commit, without reading it all again.
db = SQLAlchemy(metadata=Model.metadata, session_options={"expire_on_commit": False})
migrate = Migrate()
csrf = CSRFProtect()
