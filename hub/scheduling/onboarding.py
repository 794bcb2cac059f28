"""A new host's first steps: what each keeps, and how far the host has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub import inputs
from hub.forms import Faults, InvalidForm
from hub.scheduling import event_types, hours
from hub.scheduling.event_type_form import Typed, TypedLocation
from hub.store.models import Host
from hub.texts import LONGEST_TEXT

if TYPE_CHECKING:
    from hub.container import Hub

LAST = 5


def reached(hub: Hub, host_id: int, step: int) -> None:
    """Note that the host has come to this step; 0 means that all is done. Going back forgets nothing."""
    with hub.store.write() as session:
        host = session.get_one(Host, host_id)
        if host.onboarding_step and (step == 0 or step > host.onboarding_step):
            host.onboarding_step = step


def keep_hours(hub: Hub, host: Host, days: list[str], start: str, end: str) -> None:
    """Give the chosen weekdays ("0" is Monday) this one range. Raises InvalidForm."""
    faults = Faults()
    if not days:
        faults.add("days", "Please choose at least one day.")
    faults.check()
    week = tuple(((start, end),) if str(day) in days else () for day in range(7))
    typed = hours.TypedHours(timezone=host.timezone, week=week, dates=hours.typed_of(host, hub.clock()).dates)
    hours.save(hub, host.id, typed)


def keep_event_type(hub: Hub, host_id: int, title: str, minutes: str) -> None:
    """Keep title and length of the first event type until its location is chosen. Raises InvalidForm."""
    faults = Faults()
    title = faults.read("", inputs.one_line, title, "title", label="a title")
    length = faults.read(30, inputs.whole_number, minutes, "minutes", least=1, most=1440)
    faults.check()
    with hub.store.write() as session:
        session.get_one(Host, host_id).onboarding_draft = {"title": title, "minutes": length}


def keep_typed(hub: Hub, host_id: int, typed: Mapping[str, str]) -> None:
    """Keep what stands in the form of the location step while its host is away at a vendor's."""
    fields = {f"{p.key}-{field.name}" for p in hub.registry.all() for field in p.facts.host_fields} | {"location"}
    kept = {name: text[:LONGEST_TEXT] for name, text in typed.items() if name in fields}
    with hub.store.write() as session:
        host = session.get_one(Host, host_id)
        host.onboarding_draft = {**host.onboarding_draft, "typed": kept}


def choose_location(hub: Hub, host: Host, provider: str, typed: Mapping[str, str]) -> None:
    """Make the first event type with this location. Raises InvalidForm.

    The form sent again makes no second one, and neither does a host who had finished before.
    """
    with hub.store.write() as session:
        row = session.get_one(Host, host.id, with_for_update=True)
        draft = dict(row.onboarding_draft)
        if draft.get("made") or (row.onboarding_step == 0 and not draft.get("title")):
            return
        row.onboarding_draft = {"made": True}
    event_type = Typed(
        title=str(draft.get("title", "Intro call")),
        minutes=str(draft.get("minutes", 30)),
        locations=(TypedLocation(provider, typed),) if provider else (),
    )
    try:
        event_types.create(hub, host.id, event_type)
    except InvalidForm:
        with hub.store.write() as session:
            session.get_one(Host, host.id).onboarding_draft = draft
        raise


def usual_range(host: Host) -> tuple[list[str], str, str]:
    """Return the weekdays that have hours, and the first range's bounds, as the form shows them."""
    days = [day for day, ranges in sorted(host.hours.items()) if ranges]
    first = next((host.hours[day][0] for day in days), [9 * 60, 17 * 60])
    return days, hours.clock_text(first[0]), hours.clock_text(first[1])
