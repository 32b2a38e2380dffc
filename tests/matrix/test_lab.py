"""The lab on the bench's own tree at every revision, a run per backend on the session's server."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from flask_lab.experiments import EXPERIMENTS
from flask_lab.pytest_plugin import lab_tests
from tests.harness.plugin import on_backend, ready
from tests.harness.servers import chosen, required


@pytest.fixture
def lab_urls(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The server that the other tests of the backend run on."""
    name = on_backend(request.node)
    assert name is not None
    server = ready(request.config, name).server
    return {} if name == "sqlite" else {name: server.url.render_as_string(hide_password=False)}


# Apart, because a worker of a parallel session has the server of its own backend only; `make lab` compares them.
ALONE = [each.name for each in EXPERIMENTS.values() if not each.compares and not each.around]
for name in chosen():
    globals()[f"test_on_{name}"] = lab_tests("app", on=[name], experiments=ALONE, require=required(name))
