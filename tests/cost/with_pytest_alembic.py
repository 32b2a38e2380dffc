"""pytest-alembic's four default tests. They are imported, as its --test-alembic fails on pytest 9.2."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
from sqlalchemy import Engine

__all__ = [
    "test_model_definitions_match_ddl",
    "test_single_head_revision",
    "test_up_down_consistency",
    "test_upgrade",
]


@pytest.fixture
def alembic_engine(engine: Engine) -> Engine:
    return engine


@pytest.fixture
def alembic_config() -> dict[str, Any]:
    return {"file": "migrations/alembic.ini", "script_location": "migrations"}
