"""What keeps the data, and what deletes it."""

from __future__ import annotations

import pytest

from tests.compose.stack import Stack, docker


@pytest.mark.parametrize("verbs", [("restart",), ("down", "up")], ids=" ".join)
def test_data_outlives(up: Stack, verbs: tuple[str, ...]) -> None:
    name = "kept.by." + ".".join(verbs)
    user = up.add_user(name)
    count = up.user_count()
    for verb in verbs:
        up.made(verb)
    assert up.user_count() == count
    assert up.call("GET", f"/api/v1/users/{user['id']}") == (200, user)


def test_down_leaves_no_container_and_destroy_asks(up: Stack) -> None:
    user = up.add_user("kept.by.asking")
    for answer in ("", "n\n", "no\n"):
        assert "Nothing was deleted" in up.make("destroy", stdin=answer).stdout
    assert up.call("GET", f"/api/v1/users/{user['id']}") == (200, user)
    up.made("down")
    assert up.containers("web") == up.containers(up.db) == []
    up.make("destroy", stdin="n\n")
    assert volumes(up) == [f"{up.project}_{up.db}"]
    up.made("destroy", stdin="y\n")
    assert volumes(up) == []


def volumes(stack: Stack) -> list[str]:
    label = f"label=com.docker.compose.project={stack.project}"
    return docker("volume", "ls", "--quiet", "--filter", label).split()
