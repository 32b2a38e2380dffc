"""What can go wrong in the lab itself; a fault found in a tree is a finding, never one of these.

LabError
├── ConfigError           a name, URL or setting that cannot be right
└── BackendUnavailable    no server could be had for a backend: why, and what to do
"""

from __future__ import annotations


class LabError(Exception):
    """One sentence that names the thing and the reason, and one hint that says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigError(LabError):
    """Wrong usage or configuration."""

    @classmethod
    def unknown_backend(cls, name: str, known: list[str]) -> ConfigError:
        return cls(
            f"there is no backend '{name}'",
            f"the backends are {', '.join(known)}, with a tag if need be (postgres:17)",
        )

    @classmethod
    def bad_url(cls, where: str, reason: str, example: str) -> ConfigError:
        return cls(f"{where} is no URL of a server: {reason}", f"write it like {example}")


class BackendUnavailable(LabError):
    """A backend has no server here; `message` is the reason, `hint` the way out."""
