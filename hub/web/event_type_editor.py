"""The event type's form: what was sent, what its buttons do, and what its template shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from hub import inputs
from hub.connections.readiness import Standing
from hub.errors import ProviderError
from hub.facts import Field
from hub.provider import Provider
from hub.scheduling.event_type_form import MOST_LOCATIONS, Typed, TypedLocation
from hub.scheduling.offers import shown
from hub.values import Location, Readiness

Form = MultiDict[str, str]

STATES = {
    Readiness.NOT_CONFIGURED: "not set up",
    Readiness.NOT_ENABLED: "not enabled",
    Readiness.NOT_CONNECTED: "not connected",
    Readiness.BROKEN: "needs reconnect",
    Readiness.PAUSED: "paused",
}
TEXTS = (
    "title",
    "slug",
    "minutes",
    "description",
    "buffer_before",
    "buffer_after",
    "notice",
    "notice_unit",
    "horizon_days",
    "interval",
)


@dataclass(frozen=True)
class LocationView:
    """One location as the editor shows it; `line` is what an invitee reads of it, `warning` what the host should know."""

    index: int
    typed: TypedLocation
    provider: Provider | None
    title: str
    line: str
    warning: str
    fields: tuple[Field, ...]
    show_label: str
    show_when: tuple[str, str] | None

    @property
    def prefix(self) -> str:
        """What the names of its inputs begin with."""
        return f"loc-{self.index}-"

    @property
    def shown_label(self) -> str:
        """What invitees see as its name."""
        return self.typed.label.strip() or self.title


def sent(form: Form) -> tuple[Typed, str]:
    """Return what was typed, with what the pressed button does to the locations, and the button: save, add, …"""
    rows = sorted(_rows(form), key=lambda row: row[:2])
    order = [index for _, index, _ in rows]
    action, _, number = form.get("move", "").partition(":")
    button = form.get("do", "save")
    if action in ("up", "down", "remove") and number.isdecimal() and int(number[:4]) in order:
        place, button = order.index(int(number[:4])), "move"
        row = rows.pop(place)
        if action != "remove":
            rows.insert(max(0, place + (1 if action == "down" else -1)), row)
    locations = [location for _, _, location in rows]
    if button == "add" and form.get("add") and len(locations) < MOST_LOCATIONS:
        locations.append(TypedLocation(form["add"][:40]))
    texts = {name: form[name] for name in TEXTS if name in form}
    return Typed(
        **texts,
        active="active" in form,
        reminders=tuple(form.getlist("reminders")),
        locations=tuple(locations),
    ), button


def _rows(form: Form) -> list[tuple[int, int, TypedLocation]]:
    """Return (place, index, location) of each location sent."""
    rows = []
    for name in form:
        match = re.fullmatch(r"loc-(\d{1,3})-provider", name)
        if match:
            index = int(match[1])
            place = form.get(f"loc-{index}-position", "")
            rows.append((int(place[:4]) if place.isdecimal() else index, index, _location(form, f"loc-{index}-")))
    return rows[: 2 * MOST_LOCATIONS]


def _location(form: Form, prefix: str) -> TypedLocation:
    known = form.get(f"{prefix}id", "")
    named = f"{prefix}inputs-"
    return TypedLocation(
        provider=form[f"{prefix}provider"][:40],
        inputs={name.removeprefix(named): text for name, text in form.items() if name.startswith(named)},
        label=form.get(f"{prefix}label", ""),
        # A switch that was not on the page has not been switched off.
        show_before=f"{prefix}show" in form or f"{prefix}show-asked" not in form,
        id=int(known) if known.isdecimal() and len(known) < 10 else 0,
    )


def views(known: Standing, typed: Typed) -> list[LocationView]:
    """Return the locations as the editor shows them."""
    minutes = int(typed.minutes) if typed.minutes.strip().isdecimal() and len(typed.minutes) < 6 else None
    return [_view(known, index, location, minutes) for index, location in enumerate(typed.locations)]


def _view(known: Standing, index: int, typed: TypedLocation, minutes: int | None) -> LocationView:
    provider = known.hub.registry.get(typed.provider)
    fields = provider.facts.host_fields if provider else ()
    private = [field for field in fields if field.private]
    conditions = {field.when for field in private}
    return LocationView(
        index=index,
        typed=typed,
        provider=provider,
        title=provider.facts.label if provider else typed.provider,
        line=_line(known, provider, typed) if provider else "",
        warning=known.warning(typed.provider, minutes),
        fields=fields,
        show_label=_and([field.label[:1].lower() + field.label[1:] for field in private]),
        show_when=next(iter(conditions)) if len(conditions) == 1 else None,
    )


def _line(known: Standing, provider: Provider, typed: TypedLocation) -> str:
    fields = provider.facts.host_fields
    clean, _ = inputs.read_fields(fields, typed.inputs, zone=known.host.timezone)
    location = shown(Location(provider.key, clean, typed.label), fields, hide=not typed.show_before)
    try:
        return provider.describe_location(location, known.host.first_name)
    except ProviderError as fault:
        return fault.message


def _and(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def addable(known: Standing) -> Mapping[str, list[tuple[str, str]]]:
    """Return (key, label) of all providers by group; a label says why the provider can't make meetings yet."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for provider in known.hub.registry.all():
        state = STATES.get(known.readiness(provider.key), "")
        label = provider.facts.label + (f" ({state})" if state else "")
        groups.setdefault(provider.facts.group, []).append((provider.key, label))
    return groups
