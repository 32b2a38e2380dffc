"""What tests of the lab's own servers share."""

from __future__ import annotations

import pytest

from flask_lab.errors import LabError
from flask_lab.sources import plan


@pytest.fixture(params=["docker", "local"])
def own(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A source that starts PostgreSQL, when this machine has it."""
    monkeypatch.delenv("LAB_POSTGRES_URL", raising=False)
    if request.param == "local":
        monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    try:
        found, _ = plan("postgres")
    except LabError as error:
        pytest.skip(str(error))
    if found != request.param:
        pytest.skip(f"PostgreSQL comes from {found} here")
    return found
