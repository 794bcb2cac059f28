"""Where a host stands with each provider, and what is said of it."""

from __future__ import annotations

import dataclasses

import pytest

from hub import Account, Readiness
from hub.connections import readiness, service, tokens
from hub.container import Hub
from hub.provider import Provider
from hub.providers import Registry
from hub.store.models import Host
from tests.support.connected import change, connect, row, sign_up
from tests.support.world import START

pytestmark = pytest.mark.usefixtures("zoom")


def standing(hub: Hub, host: int) -> readiness.Standing:
    with hub.store.read() as session:
        return readiness.standing(session, hub, session.get_one(Host, host))


WARNINGS = {
    Readiness.NOT_CONNECTED: "Zoom is not connected: it is offered only where there is no other place, and then without a link. Connect it or change the location.",
    Readiness.BROKEN: "Zoom needs to be reconnected: it is offered only where there is no other place, and then its link waits for that.",
    Readiness.PAUSED: "Zoom is paused: it is offered only where there is no other place, and then without a link. Enable it or change the location.",
    Readiness.NOT_ENABLED: "Zoom is not enabled for your account.",
    Readiness.READY: "",
}


def test_each_standing(hub: Hub, provider: Provider) -> None:
    """Every way in which a connection is or is not there is told apart, with its sentence."""
    host, other = sign_up(hub), sign_up(hub, "grace@example.com")

    def stands(wanted: Readiness) -> None:
        known = standing(hub, host)
        assert known.readiness("zoom") is wanted
        assert known.ready("zoom") is (wanted is Readiness.READY)
        assert known.reachable("zoom", row(hub, host).account if known.connections else "") is (
            wanted in (Readiness.READY, Readiness.PAUSED)
        )
        assert known.warning("zoom") == WARNINGS[wanted]

    stands(Readiness.NOT_CONNECTED)
    connect(hub, provider, other, "z2")
    stands(Readiness.NOT_CONNECTED)
    made = connect(hub, provider, host)
    stands(Readiness.READY)
    service.set_enabled(hub, provider, host_id=host, enabled=False)
    stands(Readiness.PAUSED)
    assert standing(hub, other).ready("zoom")
    change(hub, made, broken_reason="gone")
    stands(Readiness.BROKEN)
    assert standing(hub, host).broken("zoom") == "gone"
    change(hub, made, tokens="")
    stands(Readiness.BROKEN)
    change(hub, made, broken_reason="", tokens="rubbish")
    stands(Readiness.BROKEN)
    assert standing(hub, host).broken("zoom") == tokens.UNREADABLE
    change(hub, made, tokens="")
    stands(Readiness.NOT_CONNECTED)
    assert standing(hub, host).broken("zoom") == ""
    with hub.store.write() as session:
        session.get_one(Host, host).providers_off = ["zoom"]
    stands(Readiness.NOT_ENABLED)
    with hub.store.write() as session:
        session.get_one(Host, host).providers_off, session.get_one(Host, host).active = [], False
    assert standing(hub, host).readiness("zoom") is Readiness.NOT_ENABLED
    assert standing(hub, host).warning("zoom") == ""


def test_without_a_connection(hub: Hub) -> None:
    """What needs no connection is ready; a plugin that is gone or was never set up is not."""
    host = sign_up(hub)
    bare = dataclasses.replace(hub, settings=dataclasses.replace(hub.settings, environ={}))
    assert standing(hub, host).readiness("phone") is Readiness.READY
    assert standing(hub, host).broken("phone") == ""
    assert standing(hub, host).readiness("gone") is Readiness.NOT_INSTALLED
    assert standing(hub, host).warning("gone") == "The plugin for “gone” is not installed."
    left_out = dataclasses.replace(hub, registry=Registry([], {"gone": "its icon is missing"}))
    assert standing(left_out, host).warning("gone") == "The plugin for “gone” is left out: its icon is missing."
    assert standing(bare, host).readiness("zoom") is Readiness.NOT_CONFIGURED
    assert standing(bare, host).warning("zoom") == "Zoom has not been set up on this server. Ask the operator."
    assert standing(hub, host).account("zoom") is None
    assert standing(hub, host).away("zoom") is None
    assert standing(hub, host).same_account("phone", "")


def test_whose_account(hub: Hub, provider: Provider) -> None:
    """The account is told as the vendor told it; whether it made a meeting is told by its fingerprint."""
    host = sign_up(hub)
    made = connect(hub, provider, host, notes={"Plan": "Basic"}, max_minutes=40, warning="Ends after 40.")
    known = standing(hub, host)
    assert known.account("zoom") == Account("z1", "z1@example.com", {"Plan": "Basic"}, 40, "Ends after 40.")
    mine = service.fingerprint(hub, provider, "z1")
    assert known.same_account("zoom", mine)
    assert known.reachable("zoom", mine)
    assert not known.same_account("zoom", "")
    assert not known.reachable("zoom", "other")
    assert [known.warning("zoom", minutes) for minutes in (None, 40, 41)] == ["", "", "Ends after 40."]
    connect(hub, provider, host, max_minutes=40)
    assert standing(hub, host).warning("zoom", 41) == "Zoom ends meetings after 40 minutes."
    change(hub, made, account_data={})
    assert standing(hub, host).account("zoom") == Account("", "z1@example.com")
    change(hub, made, tokens="")
    assert standing(hub, host).account("zoom") is None


def test_away_since(hub: Hub, provider: Provider) -> None:
    """A vendor counts as away while the breaker is open."""
    host = sign_up(hub)
    made = connect(hub, provider, host)
    change(hub, made, outage_since=START)
    assert standing(hub, host).away("zoom") is None
    change(hub, made, open_until=START)
    assert standing(hub, host).away("zoom") == START


def test_missing_scopes(provider: Provider, hub: Hub) -> None:
    """Required scopes that were not granted are named; a vendor that names none is believed."""
    assert provider.oauth
    wanted = tuple(scope.name for scope in provider.oauth.scopes)
    assert readiness.missing_scopes(provider, ()) == ()
    assert readiness.missing_scopes(provider, wanted) == ()
    assert readiness.missing_scopes(provider, wanted[1:]) == wanted[:1]
    phone = hub.registry.get("phone")
    assert phone
    assert readiness.missing_scopes(phone, ("x",)) == ()
