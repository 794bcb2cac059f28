"""What needs a host's hand, on every page of theirs: one sentence and the button that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy.orm import Session

from hub.connections.readiness import Standing, standing
from hub.notify import linkless
from hub.store.models import Host
from hub.values import Readiness

if TYPE_CHECKING:
    from hub.container import Hub

SETTINGS = "/settings/integrations"
UNLINKED = "/bookings?tab=unlinked"
NO_LINK = ("has no link", "have no link")
CREATE = "Create the missing links"
CREATE_URL = "/bookings/missing-links"
# Why there is no link, and the word on the button; for the others only the operator can mend it.
REASONS = {
    Readiness.NOT_CONNECTED: ("{label} is not connected", "Connect {label}"),
    Readiness.PAUSED: ("{label} is paused", "Enable {label}"),
    Readiness.NOT_ENABLED: ("{label} is not enabled for your account", ""),
    Readiness.NOT_CONFIGURED: ("{label} is not set up on this server", ""),
    Readiness.NOT_INSTALLED: ("the plugin for {label} {absence}", ""),
}


class Banner(NamedTuple):
    """In the order of the macro's arguments; `post` makes the action a form, else it is a link."""

    text: str
    tone: str
    action: str
    url: str
    post: bool = False


def banners(hub: Hub, host: Host) -> list[Banner]:
    """Return the banners of this host's pages."""
    with hub.store.read() as session:
        return list(of_providers(session, hub, standing(session, hub, host)).values())


def of_providers(session: Session, hub: Hub, known: Standing) -> dict[str, Banner]:
    """Return what needs a hand by provider's key: a broken connection, and upcoming bookings without a link."""
    counts = linkless.counts(session, known.host.id, hub.clock())
    concerned = {*known.connections, *counts}
    keys = dict.fromkeys([p.key for p in hub.registry.all() if p.key in concerned] + sorted(counts))
    found = {key: _of(known, key, counts.get(key, {})) for key in keys}
    return {key: banner for key, banner in found.items() if banner is not None}


def _of(known: Standing, key: str, counts: dict[str, int]) -> Banner | None:
    label, readiness = known.hub.registry.label(key), known.readiness(key)
    missing = sum(counts.get(state, 0) for state in linkless.MISSING)
    if readiness is Readiness.BROKEN:
        waiting = counts.get("pending", 0)
        waits = f" {_bookings(waiting, 'waits for its link', 'wait for their links')} until then." if waiting else ""
        lack = f" {_bookings(missing, *NO_LINK)}." if missing else ""
        return Banner(f"{label} needs to be reconnected.{waits}{lack}", "bad", "Reconnect", f"{SETTINGS}#{key}")
    if not missing:
        return None
    have = _bookings(missing, *NO_LINK)
    if readiness is Readiness.READY:
        return Banner(f"{have}.", "warn", CREATE, CREATE_URL, post=True)
    reason, action = REASONS[readiness]
    text = f"{have}: {reason.format(label=label, absence=known.hub.registry.absence(key))}."
    if action:
        return Banner(text, "warn", action.format(label=label), f"{SETTINGS}#{key}")
    return Banner(text, "warn", "See which", UNLINKED)


def _bookings(count: int, one: str, many: str) -> str:
    return f"{count} upcoming booking {one}" if count == 1 else f"{count} upcoming bookings {many}"
