"""Whether a container of the lab's own uses this machine's network, and what then may reach its server."""

from __future__ import annotations

import subprocess
from typing import Any
from unittest.mock import Mock

import docker.errors
import pytest

from flask_lab.errors import LabError
from flask_lab.sources import open_server, plan
from flask_lab.sources.docker import LOCAL, _is_near

HERE, ELSEWHERE = "127.0.0.1", "203.0.113.1"


def engine(
    system: str = "Debian", url: str = LOCAL, options: tuple[str, ...] = (), gateway: str | None = HERE
) -> Any:
    """A client of one; `gateway` is the address of its machine in the network of its containers."""
    found = Mock()
    found.client.api.base_url = url
    found.client.info.return_value = {"OperatingSystem": system, "SecurityOptions": list(options)}
    if gateway is None:
        found.client.networks.get.side_effect = docker.errors.NotFound("no such network")
    found.client.networks.get.return_value.attrs = {"IPAM": {"Config": [{"Gateway": gateway}]}}
    return found


@pytest.mark.parametrize(
    "apart",
    [
        {"system": "Docker Desktop"},
        {"url": "http+docker://ssh"},
        {"url": "https://10.1.2.3:2376"},
        {"options": ("name=seccomp,profile=builtin", "name=rootless")},
        {"options": ("name=userns",)},
        # In a virtual machine, or seen from inside a container.
        {"gateway": ELSEWHERE},
        {"gateway": ""},
        {"gateway": None},
    ],
)
def test_an_engine_that_is_somewhere_else_publishes_ports(apart: dict[str, Any]) -> None:
    assert not _is_near(engine(**apart))
    assert _is_near(engine())
    assert _is_near(engine(options=("name=seccomp,profile=builtin",)))


@pytest.mark.docker
@pytest.mark.parametrize("is_near", [True, False])
def test_a_server_answers_either_way(*, is_near: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_POSTGRES_URL", raising=False)
    try:
        found, _ = plan("postgres")
    except LabError as error:
        pytest.skip(str(error))
    if found != "docker":
        pytest.skip(f"PostgreSQL comes from {found} here")
    usual = _is_near

    def asked(engine: Any) -> bool:
        return usual(engine) and is_near

    monkeypatch.setattr("flask_lab.sources.docker._is_near", asked)
    with open_server("postgres") as server:
        command = ["docker", "ps", "-q", "--filter", f"publish={server.url.port}"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if is_near and listed:
        pytest.skip("this engine's machine is another one")
    assert bool(listed) != is_near
