"""Changes to people: users and their profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import joinedload

from ..extensions import db
from ..models import Profile, User
from ..queries import find
from .transaction import assign, record_event, remove, transaction


@transaction
def create_user(values: Mapping[str, Any]) -> User:
    """A new user; `values` may hold a `profile`."""
    own = dict(values)
    profile = own.pop("profile", None)
    user = User(**own, profile=None if profile is None else Profile(**profile))
    db.session.add(user)
    db.session.flush()
    record_event("created", user, user.id, {"label": user.username})
    return user


@transaction
def change_user(user_id: int, values: Mapping[str, Any]) -> User:
    """Change what `values` names; a `profile` of None takes the profile away."""
    user = find(User, user_id, joinedload(User.profile))
    own = dict(values)
    changed = _change_profile(user, own.pop("profile")) if "profile" in own else []
    changed += assign(user, own)
    if changed:
        record_event("changed", user, user.id, {"label": user.username, "fields": changed})
    return user


@transaction
def delete_user(user_id: int) -> str:
    """Delete a user, who leaves their teams; their tasks stay and lose their assignee. Returns the username."""
    user = find(User, user_id)
    remove(user)
    record_event("deleted", user, user_id, {"label": user.username})
    return user.username


def _change_profile(user: User, values: Mapping[str, Any] | None) -> list[str]:
    if values is None:
        had, user.profile = user.profile, None
        return ["profile"] if had else []
    if user.profile is None:
        user.profile = Profile(**values)
        return ["profile"]
    return assign(user.profile, values)
