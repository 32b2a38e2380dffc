"""What the matrix tests share: the app on a scratch database, and a copy of the project to change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.matrix.bench import Bench, bench_on
from tests.matrix.project import Project, copy_to


@pytest.fixture
def bench(database: str) -> Iterator[Bench]:
    with bench_on(database) as bench:
        yield bench


@pytest.fixture
def project(database: str, tmp_path: Path) -> Project:
    return copy_to(tmp_path / "project", database)
