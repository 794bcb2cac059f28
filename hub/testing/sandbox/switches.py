"""The switches of a sandbox: each one names a behaviour in which vendors differ, or that tests shorten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

ROTATIONS = ("rotate", "keep", "omit")


@dataclass
class Switches:
    """All switches with their defaults; `help` of a field's metadata says what it does."""

    scopes: list[str] = field(
        default_factory=list, metadata={"help": "scopes that a user may grant; tokens keep theirs until a new consent"}
    )
    access_ttl_s: int = field(default=3600, metadata={"help": "life of an access token"})
    refresh_ttl_s: int = field(default=90 * 86400, metadata={"help": "life of a refresh token"})
    rotation: str = field(
        default="rotate",
        metadata={"help": "a refresh answers with a new refresh token (rotate), the same one (keep) or none (omit)"},
    )
    grace_s: int = field(default=0, metadata={"help": "for so long a rotated refresh token still works"})
    names_scopes: bool = field(default=True, metadata={"help": "token answers say which scopes were granted"})
    list_delay_s: int = field(default=0, metadata={"help": "for so long a new meeting is missing from lists"})

    def set(self, values: Mapping[str, Any]) -> None:
        """Set the named switches. Raises ValueError for an unknown name or a value of another kind."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"unknown switch: {name}")
            if type(value) is not kinds[name]:
                raise ValueError(f"switch {name} takes a {kinds[name].__name__}")
            if name == "rotation" and value not in ROTATIONS:
                raise ValueError(f"rotation is one of {', '.join(ROTATIONS)}")
            setattr(self, name, value)

    def describe(self) -> list[dict[str, Any]]:
        """Return name, value and meaning of every switch."""
        return [{"name": f.name, "value": getattr(self, f.name), "help": f.metadata["help"]} for f in fields(self)]
