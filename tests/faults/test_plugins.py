"""Rows 38-43: plugins that break, return rubbish, go away and come back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

import plugins.phone
import plugins.zoom
from hub import Meeting, hookimpl
from hub.providers import Registry
from hub.scheduling import bookings
from hub.store.models import MeetingRow
from tests.faults.stage import LATER, SLOT, Guest, Stage
from tests.support.people import Host, at

CALL = {"location": "phone", "phone": "+431234567"}


class Hostile:
    """Zoom's plugin, with one of its hooks replaced."""

    __package__ = "plugins.zoom"

    def __init__(self, **hooks: Callable[..., Any]) -> None:
        for name in plugins.zoom.__dict__:
            if hasattr(getattr(plugins.zoom, name), "hub_impl"):
                setattr(self, name, getattr(plugins.zoom, name))
        for name, function in hooks.items():
            setattr(self, name, hookimpl(function))


def given(stage: Stage, plugin: Any) -> None:
    """Have the hub run with Phone and this plugin."""
    found = [("phone", plugins.phone, "1")] + ([("zoom", plugin, "2")] if plugin else [])
    stage.hub = dataclasses.replace(stage.hub, registry=Registry(found))
    stage.app.extensions["hub"] = stage.hub


def raises(fault: BaseException) -> Callable[..., Any]:
    def create_meeting(request: Any) -> Any:
        raise fault

    return create_meeting


def returns(value: Any) -> Callable[..., Any]:
    def create_meeting(request: Any) -> Any:
        return value() if callable(value) else value

    return create_meeting


BREAKS = [
    raises(ZeroDivisionError()),
    raises(SystemExit(3)),
    raises(RecursionError()),
    raises(MemoryError()),
    returns(None),
    returns("https://example.org/room"),
]
# What a plugin with an API may have passed on from its vendor.
UNUSABLE = [
    returns(lambda: Meeting(where="x", join_url="javascript:alert(1)")),
    returns(lambda: Meeting(where="x", join_url="https://example.org/" + "a" * 10_000_000)),
    returns(lambda: Meeting(where=b"x")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("hook", BREAKS, ids=range(len(BREAKS)))
def test_breaks_in_a_hook(stage: Stage, ada: Host, bob: Guest, hook: Callable[..., Any]) -> None:
    """Rows 38, 40: whatever a plugin raises or returns, only its own bookings suffer: they stand, and the host is told."""
    offered, calls = ada.offers("zoom"), ada.offers("phone", title="Call")
    given(stage, Hostile(create_meeting=hook))
    bob.books(offered, SLOT, location="zoom")
    bob.books(calls, LATER, **CALL)
    stage.holds()
    assert [stage.meeting(n).state for n in (1, 2)] == ["failed", "ready"]
    assert all("javascript" not in mail.text for mail in stage.received())
    assert any("hand" in mail.text.lower() or "link" in mail.text.lower() for mail in stage.received(ada.email))


@pytest.mark.parametrize("hook", UNUSABLE, ids=range(len(UNUSABLE)))
def test_what_can_not_be_shown(stage: Stage, ada: Host, bob: Guest, hook: Callable[..., Any]) -> None:
    """Row 40: a meeting that can't be shown is tried again as a vendor's rubbish is, and nothing of it reaches anybody."""
    offered, calls = ada.offers("zoom"), ada.offers("phone", title="Call")
    given(stage, Hostile(create_meeting=hook))
    bob.books(offered, SLOT, location="zoom")
    bob.books(calls, LATER, **CALL)
    for _ in range(4):
        stage.work()
        stage.clock.advance(minutes=21)
    assert [stage.meeting(n).state for n in (1, 2)] == ["pending", "ready"]
    assert "unusable" in stage.meeting(1).error
    assert all("javascript" not in mail.text and "aaaa" not in mail.text for mail in stage.received())
    given(stage, plugins.zoom)
    stage.holds()
    assert stage.meeting(1).state == "ready"


def test_uninstalled_and_back(stage: Stage, ada: Host, bob: Guest) -> None:
    """Row 41: with the plugin gone pages load and bookings can be cancelled; with it back, moves go through again."""
    offered = ada.offers("zoom")
    for start in (SLOT, LATER):
        bob.books(offered, start, location="zoom")
    stage.calms()
    given(stage, None)
    for path in ("/event-types", "/bookings", "/settings/integrations", f"/{ada.handle}", f"/{ada.handle}/intro-call"):
        ada.opens(path)
    for token in stage.promised:
        ada.opens(f"/b/{token}")
    bookings.cancel(stage.hub, 1, by="invitee")
    stage.calms()
    assert stage.broken() == []
    given(stage, plugins.zoom)
    bookings.move(stage.hub, 2, at("2026-12-03T09:00:00+00:00"), by="invitee")
    stage.holds()
    assert stage.link(2)


@pytest.mark.parametrize("data", [{}, {"start": "?", "of": "another version"}], ids=["less", "other"])
def test_kept_by_another_version(stage: Stage, ada: Host, bob: Guest, data: dict[str, Any]) -> None:
    """Row 43: what another version of the plugin has kept of a meeting is understood as far as it goes."""
    bob.books(ada.offers("zoom"), SLOT, location="zoom")
    stage.calms()
    with stage.hub.store.write() as session:
        row = session.query(MeetingRow).one()
        assert row.value
        row.value = {**row.value, "data": data}
    bookings.move(stage.hub, 1, at(LATER), by="invitee")
    stage.holds()
    bookings.cancel(stage.hub, 1, by="invitee")
    stage.holds()
    assert stage.meetings_at_zoom() == []
