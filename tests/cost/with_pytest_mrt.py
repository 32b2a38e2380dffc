"""pytest-mrt's six default tests."""

from __future__ import annotations

import os

import pytest
from pytest_mrt import MRTConfig
from pytest_mrt.default_tests import (
    test_mrt_downgrade_base,
    test_mrt_schema_matches_models,
    test_mrt_single_head,
    test_mrt_static_no_errors,
    test_mrt_up_down_consistency,
    test_mrt_upgrade,
)
from sqlalchemy import Engine

__all__ = [
    "test_mrt_downgrade_base",
    "test_mrt_schema_matches_models",
    "test_mrt_single_head",
    "test_mrt_static_no_errors",
    "test_mrt_up_down_consistency",
    "test_mrt_upgrade",
]


@pytest.fixture(autouse=True)
def configured(engine: Engine, request: pytest.FixtureRequest) -> None:
    # Its own limit of time would run each revision in a thread, where Flask knows of no app.
    request.config._mrt_config = MRTConfig(  # type: ignore[attr-defined]  # its own way in
        alembic_ini="migrations/alembic.ini",
        db_url=os.environ["DATABASE_URL"],
        target_metadata="linear:db",
        migration_timeout=None,
    )
