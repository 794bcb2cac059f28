"""What a host types about an event type, and how all of it is checked at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub import inputs
from hub.forms import Faults
from hub.providers import Registry
from hub.store.models import EventType, Host

MOST_LOCATIONS = 20
MOST_REMINDERS = 5
RESERVED = ("admin", "api", "b", "edit", "embed", "new", "settings", "static")
UNITS = {"minutes": 1, "hours": 60, "days": 1440}
LONGEST_NOTICE = 365 * 1440
BOUNDS = {
    "minutes": (1, 1440),
    "buffer_before": (0, 720),
    "buffer_after": (0, 720),
    "horizon_days": (1, 730),
    "interval": (5, 1440),
}


@dataclass(frozen=True)
class TypedLocation:
    """A location as typed; `id` is that of the row it stands for, 0 for a new one."""

    provider: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    label: str = ""
    show_before: bool = True
    id: int = 0


@dataclass(frozen=True)
class Typed:
    """An event type as a host types it: all text. Times are minutes, the notice in `notice_unit`."""

    title: str = ""
    slug: str = ""
    minutes: str = "30"
    description: str = ""
    buffer_before: str = "0"
    buffer_after: str = "0"
    notice: str = "2"
    notice_unit: str = "hours"
    horizon_days: str = "60"
    interval: str = "30"
    active: bool = True
    reminders: tuple[str, ...] = ("1440", "60")
    locations: tuple[TypedLocation, ...] = ()


def typed_of(row: EventType) -> Typed:
    """Return what a host would type to get this event type."""
    fitting = (name for name in ("days", "hours") if row.notice and row.notice % UNITS[name] == 0)
    unit = next(fitting, "minutes")
    return Typed(
        title=row.title,
        slug=row.slug,
        minutes=str(row.minutes),
        description=row.description,
        buffer_before=str(row.buffer_before),
        buffer_after=str(row.buffer_after),
        notice=str(row.notice // UNITS[unit]),
        notice_unit=unit,
        horizon_days=str(row.horizon_days),
        interval=str(row.interval),
        active=row.active,
        reminders=tuple(str(minutes) for minutes in row.reminders),
        locations=tuple(
            TypedLocation(loc.provider, dict(loc.inputs), loc.label, loc.show_before, loc.id) for loc in row.locations
        ),
    )


@dataclass(frozen=True)
class Clean:
    """What was typed, checked: `values` by column name, and the locations in order."""

    values: Mapping[str, Any]
    locations: tuple[TypedLocation, ...]


def read(typed: Typed, registry: Registry, host: Host, *, slugs: Collection[str], kept: Collection[str] = ()) -> Clean:
    """Check what was typed; `slugs` are taken, `kept` are the providers that the event type has already.

    Raises InvalidForm with a sentence for each field at fault.
    """
    faults = Faults()
    title = faults.read("", inputs.one_line, typed.title, "title", label="a title")
    values: dict[str, Any] = {
        "title": title,
        "slug": _slug(faults, typed.slug, title, {*slugs, *RESERVED}),
        "description": faults.read("", inputs.many_lines, typed.description, "description"),
        "notice": _notice(faults, typed),
        "active": typed.active,
    }
    for name, (least, most) in BOUNDS.items():
        values[name] = _number(faults, getattr(typed, name), name, least, most)
    reminders = {_number(faults, text, "reminders", 5, 43200) for text in typed.reminders[:MOST_REMINDERS]}
    values["reminders"] = sorted(reminders, reverse=True)
    locations = _locations(faults, registry, host, typed.locations, kept)
    faults.check()
    return Clean(values, tuple(locations))


def _number(faults: Faults, text: str, name: str, least: int, most: int) -> int:
    return faults.read(least, inputs.whole_number, text, name, least=least, most=most)


def _notice(faults: Faults, typed: Typed) -> int:
    size = UNITS.get(typed.notice_unit)
    if size is None:
        faults.add("notice", "Please choose minutes, hours or days.")
        return 0
    return _number(faults, typed.notice, "notice", 0, LONGEST_NOTICE // size) * size


def _slug(faults: Faults, typed: str, title: str, taken: set[str]) -> str:
    """Return the slug typed, or one made of the title that nothing has yet."""
    if typed.strip():
        slug = faults.read("", inputs.slug, typed, "slug", what="The address")
        if slug in RESERVED:
            faults.add("slug", f"“{slug}” is reserved. Please choose another.")
        elif slug in taken:
            faults.add("slug", f"You have an event type at “{slug}” already. Please choose another.")
        return slug
    base = inputs.slug_from(title)[:50].strip("-") or "meeting"
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (base, *numbered) if slug not in taken)


def _locations(
    faults: Faults, registry: Registry, host: Host, typed: tuple[TypedLocation, ...], kept: Collection[str]
) -> list[TypedLocation]:
    """Return the locations with clean inputs; those of a plugin that went away since stay as they were."""
    if not typed:
        faults.add("locations", "Please add at least one location.")
    if len(typed) > MOST_LOCATIONS:
        faults.add("locations", f"Please use at most {MOST_LOCATIONS} locations.")
    clean = []
    for index, location in enumerate(typed[:MOST_LOCATIONS]):
        prefix = f"loc-{index}-"
        label = faults.read("", inputs.one_line, location.label, f"{prefix}label", label="", longest=80, required=False)
        provider = registry.get(location.provider)
        values = dict(location.inputs)
        if provider is None and location.provider not in kept:
            faults.add("locations", "This kind of location is not known here. Please remove it.")
        elif provider is not None:
            named = {f"{prefix}inputs-{name}": text for name, text in values.items()}
            fields = provider.facts.host_fields
            values, errors = inputs.read_fields(fields, named, prefix=f"{prefix}inputs-", zone=host.timezone)
            for name, sentence in errors.items():
                faults.add(name, sentence)
        clean.append(dataclasses.replace(location, inputs=values, label=label))
    return clean
