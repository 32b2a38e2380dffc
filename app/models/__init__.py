"""The domain: people in teams, their projects and tasks, and a trail of what happened."""

from __future__ import annotations

from .audit import AuditEvent
from .base import Model
from .people import Membership
from .people import Profile
from .people import Role
from .people import Team
from .people import User
from .work import Project
from .work import Status
from .work import Tag
from .work import Task

__all__ = ["AuditEvent", "Membership", "Model", "Profile", "Project", "Role", "Status", "Tag", "Task", "Team", "User"]
