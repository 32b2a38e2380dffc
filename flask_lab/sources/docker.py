"""A throwaway server in a container, by testcontainers: data in memory, killed at the end or swept later."""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import Source, wait_until_ready
from flask_lab.sources.local import free_port
from flask_lab.sources.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from sqlalchemy import URL
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.docker_client import DockerClient

    from flask_lab.backends.base import Backend, Image

LABEL = "flask-lab.owner"
MEMORY = "4g"
INSTALL = "pip install testcontainers"
START = "start Docker"
USUAL_SOCKET = "unix:///var/run/docker.sock"
# What the Docker SDK makes of the path of a socket.
LOCAL = "http+docker://localhost"
# A client that speaks TLS costs 20 ms of processor per attempt, and the server needs that processor to start.
POLL = 0.1

# The reaper of testcontainers is made once per process, and two threads that start together would make two.
_starting = threading.Lock()


class Docker(Source):
    name = "docker"

    def offer(self, backend: Backend) -> str:
        reference = _reference(backend)
        with _engine():
            return reference

    @contextmanager
    def open(self, backend: Backend) -> Iterator[URL]:
        with _engine() as engine:
            sweep_containers(engine)
            _ensure_image(engine, _reference(backend))
            port = free_port() if _is_near(engine) else None
        password = secrets.token_hex(12)
        container = _describe(backend, password, backend.product.tuning, port)
        container.with_tmpfs_mount(_image(backend).data, f"size={MEMORY}")
        with _started(container, backend, password, port) as url:
            yield url

    @contextmanager
    def open_lasting(self, backend: Backend) -> Iterator[tuple[URL, Callable[[], None]]]:
        with _engine() as engine:
            port = free_port() if _is_near(engine) else None
        password = secrets.token_hex(12)
        container = _describe(backend, password, backend.product.lasting, port)
        if port is None:
            # Docker would give a container that starts again another port.
            container.with_bind_ports(backend.product.port, free_port())
        with _started(container, backend, password, port) as url:

            def kill_and_start() -> None:
                wrapped = container.get_wrapped_container()
                wrapped.kill()
                wrapped.wait()
                wrapped.start()
                wait_until_ready(backend.product, url, POLL, lambda: _check_running(container))

            yield url, kill_and_start


@contextmanager
def _started(container: DockerContainer, backend: Backend, password: str, port: int | None) -> Iterator[URL]:
    """The URL of the server in a container, which is gone at the end; `port` is this machine's own, see _describe."""
    product = backend.product
    try:
        with _starting:
            _start(container)
        if port is None:
            host, port = container.get_container_host_ip(), container.get_exposed_port(product.port)
        else:
            host = "127.0.0.1"
        url = product.url(host, port, password)
        wait_until_ready(product, url, POLL, lambda: _check_running(container))
        yield url
    finally:
        # A test of a server that dies may have removed it.
        with suppress(_errors().NotFound):
            container.stop()


def _is_near(engine: DockerClient) -> bool:
    """Whether the engine's containers may use this machine's own network."""
    about = engine.client.info()
    if about["OperatingSystem"] == "Docker Desktop" or not engine.client.api.base_url.startswith(LOCAL):
        return False
    # With users of its own an engine lets no container at its machine's network; without root it has another one.
    if any(each.startswith(("name=rootless", "name=userns")) for each in about["SecurityOptions"] or ()):
        return False
    try:
        bridge = engine.client.networks.get("bridge").attrs["IPAM"]["Config"]
    except _errors().NotFound:
        return False
    return any(_is_here(each.get("Gateway", "")) for each in bridge or ())


def _is_here(address: str) -> bool:
    """Whether an address is this machine's own; an engine's is not in a container, nor in front of its machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return bool(address)


def sweep_containers(engine: DockerClient) -> None:
    """Remove the containers whose owner, a process of this machine, is gone."""
    for container in engine.client.containers.list(all=True, filters={"label": LABEL}, ignore_removed=True):
        if Owner(**json.loads(container.labels[LABEL])).dead():
            # Another run may sweep at the same moment.
            with suppress(_errors().APIError):
                container.remove(force=True, v=True)


def sweep_engine() -> None:
    """Remove them where an engine answers."""
    with suppress(BackendUnavailable), _engine() as engine:
        sweep_containers(engine)


def _errors() -> ModuleType:
    """The Docker SDK's errors, imported by name: a project's own `docker/` hides them from type checkers."""
    return import_module("docker.errors")


@contextmanager
def _engine() -> Iterator[DockerClient]:
    """A client of a Docker engine that answers."""
    try:
        from testcontainers.core.docker_client import DockerClient, get_docker_host  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise BackendUnavailable(f"the Python package {error.name} is missing", INSTALL) from error
    _knock(get_docker_host() or USUAL_SOCKET)
    try:
        engine = DockerClient()
    except _errors().DockerException as error:
        raise BackendUnavailable("no Docker engine answers", START) from error
    try:
        engine.client.ping()
        yield engine
    except (_errors().DockerException, OSError) as error:
        raise BackendUnavailable(f"the Docker engine failed ({error})", START) from error
    finally:
        engine.client.close()


def _knock(host: str) -> None:
    """Try a local engine's socket first: the Docker SDK leaves its own open when nobody answers."""
    scheme, _, path = host.partition("://")
    if scheme != "unix":
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError as error:
            raise BackendUnavailable(f"no Docker engine answers ({path}: {error.strerror})", START) from error


def _reference(backend: Backend) -> str:
    image = _image(backend)
    return f"{image.name}:{backend.tag or image.tag}"


def _image(backend: Backend) -> Image:
    if backend.product.image is None:
        raise BackendUnavailable(f"{backend.product.title} has no image")
    return backend.product.image


def _ensure_image(engine: DockerClient, reference: str) -> None:
    errors = _errors()
    try:
        engine.client.images.get(reference)
    except errors.ImageNotFound:
        try:
            engine.client.images.pull(reference)
        except errors.APIError as error:
            reason = f"the image {reference} is not here and cannot be pulled ({error.explanation or error})"
            raise BackendUnavailable(reason, f"docker pull {reference}") from error


def _describe(backend: Backend, password: str, settings: Sequence[str], port: int | None) -> DockerContainer:
    """A container with a server. It listens at a port of this machine, if one is given; else Docker publishes one.

    To a published port a process of Docker's carries every byte, which makes a round trip twice as long.
    """
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 (optional)

    image, owner = _image(backend), json.dumps(asdict(Owner.of(os.getpid())))
    # A parallel index build of PostgreSQL wants more shared memory than the 64 MB that Docker gives.
    options: dict[str, Any] = {"labels": {LABEL: owner}, "shm_size": "256m"}
    if image.script:
        options["entrypoint"] = ["sh", "-ec", image.script, "sh"]
    container = (
        DockerContainer(_reference(backend))
        .with_name(f"flask-lab-{backend.product.name}-{secrets.token_hex(4)}")
        .with_env(image.password_variable, password)
        .with_envs(**image.env)
    )
    if port is None:
        return (
            container.with_exposed_ports(backend.product.port)
            .with_command(list(settings))
            .with_kwargs(**options)
        )
    return container.with_command([*settings, *backend.product.at(port)]).with_kwargs(
        **options, network="host"
    )


def _start(container: DockerContainer) -> None:
    try:
        container.start()
    except _errors().DockerException as error:
        hint = (
            "set TESTCONTAINERS_RYUK_DISABLED=true to do without the reaper's image"
            if "ryuk" in str(error)
            else ""
        )
        raise BackendUnavailable(f"the container did not start: {error}", hint) from error


def _check_running(container: DockerContainer) -> None:
    container.reload()
    if container.status not in ("created", "running"):
        last = b"".join(container.get_logs()).decode(errors="replace").strip().splitlines()[-1:]
        raise BackendUnavailable(f"its container ended: {' '.join(last) or 'it logged nothing'}")
