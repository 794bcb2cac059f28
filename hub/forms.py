"""Reads whole forms: every fault is found, so that a page shows all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from hub.errors import HubError, InvalidInput

T = TypeVar("T")
P = ParamSpec("P")


class InvalidForm(HubError):
    """Something in the form can't be used."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = dict(errors)


class Faults:
    """The faults found so far in one form, by field name."""

    def __init__(self) -> None:
        self.errors: dict[str, str] = {}

    def add(self, name: str, sentence: str) -> None:
        """Note one fault; the first of a field stays."""
        self.errors.setdefault(name, sentence)

    def read(self, fallback: T, reader: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the reader makes of its arguments, or note its fault and return the fallback."""
        try:
            return reader(*args, **kwargs)
        except InvalidInput as fault:
            self.add(fault.field, fault.message)
            return fallback

    def check(self) -> None:
        """Raise InvalidForm where a fault was found."""
        if self.errors:
            raise InvalidForm(self.errors)
