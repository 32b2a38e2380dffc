"""The domain: people in teams, their projects and tasks, and a trail of what happened."""

from __future__ import annotations

from .audit import AuditEvent
from .base import Model
from .people import Membership, Profile, Role, Team, User
from .work import Project, Status, Tag, Task

__all__ = [
    "AuditEvent",
    "Membership",
    "Model",
    "Profile",
    "Project",
    "Role",
    "Status",
    "Tag",
    "Task",
    "Team",
    "User",
]
