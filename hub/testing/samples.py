"""Requests, locations and answers made up from a provider's own fields."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from hub.facts import Field, FieldKind
from hub.provider import Provider
from hub.values import Location, MeetingRequest, Person

HOST = Person("Ada Host", "ada@example.com")
INVITEE = Person("Bob Invitee", "bob@example.net")
TEXTS: dict[FieldKind, str] = {
    "text": "Ask for Ada",
    "multiline": "Through the yard,\nthen ring twice",
    "tel": "+43153464",
    "address": "Café Central\nHerrengasse 14\n1010 Wien",
    "url": "https://meet.example.com/ada",
}


def inputs(fields: Iterable[Field]) -> list[dict[str, str]]:
    """Return a set of values for each way to choose among the fields' choices; only what is asked for is filled in."""
    fields = tuple(fields)
    choices = [[(f.name, choice.value) for choice in f.choices] for f in fields if f.kind == "choice"]
    return [_filled(fields, dict(chosen)) for chosen in itertools.product(*choices)]


def locations(provider: Provider) -> list[Location]:
    """Return the provider's location in each of its ways."""
    return [Location(provider.key, values) for values in inputs(provider.facts.host_fields)]


def settings(provider: Provider) -> dict[str, str]:
    """Return the operator's settings as hooks get them: defaults, and made-up values for those that are required."""
    found = {s.name: s.default or (f"sandbox-{s.name}" if s.required else "") for s in provider.facts.settings}
    return found | ({"client_id": "sandbox-client", "client_secret": "sandbox-secret"} if provider.oauth else {})


def without_private(provider: Provider, location: Location) -> Location:
    """Return the location as pages show it where the host hides what may be hidden."""
    private = {field.name for field in provider.facts.host_fields if field.private}
    return Location(location.provider, {k: v for k, v in location.inputs.items() if k not in private}, location.label)


def request(provider: Provider, location: Location, *, ref: str = "contract1") -> MeetingRequest:
    """Return a wish for 30 minutes a week from now, with answers to all that the location asks for."""
    answers = inputs(provider.invitee_fields(location))[0]
    return request_at(location, ref=ref, answers=answers)


def request_at(
    location: Location, *, ref: str = "contract1", answers: Mapping[str, str] = MappingProxyType({})
) -> MeetingRequest:
    """Return a wish for 30 minutes at the location a week from now."""
    week = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=7)
    return MeetingRequest(
        ref=ref,
        title="Contract check",
        starts_at=week,
        minutes=30,
        timezone="Europe/Vienna",
        host=HOST,
        invitee=INVITEE,
        location=location,
        answers=answers,
    )


def _filled(fields: Iterable[Field], chosen: Mapping[str, str]) -> dict[str, str]:
    asked = [f for f in fields if f.when is None or chosen.get(f.when[0]) == f.when[1]]
    return {f.name: chosen.get(f.name, "") or TEXTS.get(f.kind, "") for f in asked}
