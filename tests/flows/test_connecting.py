"""Connecting a provider: what a host sees on the way, and all the ways in which it must come to nothing."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from types import ModuleType
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from hub.connections import oauth
from hub.errors import NotPossible
from hub.hookspecs import hookimpl
from hub.providers import Registry
from hub.store.models import Connection, OAuthFlow
from hub.store.models import Host as HostRow
from plugins import zoom as zoom_plugin
from plugins.zoom.sandbox.server import Server
from tests.support.engines import quick_on_one as quick_on_one
from tests.support.people import PASSWORD, Host, Person, consent, query, token_of
from tests.support.wire import Tap
from tests.support.world import World

CALLBACK = "/integrations/zoom/callback"


@pytest.fixture(name="tap")
def _tap(zoom: Server) -> Tap:
    return Tap(zoom)


def begins(host: Person, **fields: str) -> str:
    """Press Connect and return Zoom's address, where the browser is sent."""
    host.opens("/settings/integrations")
    answer = host.sends("/integrations/zoom/connect", follow=False, **fields)
    assert answer.status_code == 302
    return str(answer.location)


def allows(url: str, user: str = "ada@example.com") -> dict[str, str]:
    """Allow at Zoom and return what its redirect carries."""
    return query(consent(url, user=user, decision="allow"))


def returns(host: Person, **carried: str) -> str:
    """Come back from Zoom with these parameters."""
    return host.opens(f"{CALLBACK}?{urlencode(carried)}")


def signs_in(person: Person, email: str) -> None:
    person.opens("/login")
    assert person.sends("/login", email=email, password=PASSWORD, next="/settings/integrations").status_code == 200


def nothing_stored(world: World) -> bool:
    """Tell whether nothing of any grant is in the database."""
    with world.hub.store.read() as session:
        rows = list(session.scalars(select(Connection)))
    return not any(row.tokens or row.account_label or row.account_data or row.scopes for row in rows)


def not_connected(host: Person, world: World) -> bool:
    return host.reads("Not connected") and host.reads("Connect Zoom") and nothing_stored(world)


def test_connect(ada: Host, world: World) -> None:
    """The Zoom card will now show Connected along with the email of the connected Zoom account."""
    ada.opens("/settings/integrations")
    assert ada.reads("Video Conferencing")
    assert not_connected(ada, world)
    ada.connects("zoom")
    assert ada.reads("Zoom is connected.")
    assert ada.reads("Connected")
    assert ada.reads("ada@example.com")
    assert not ada.reads("Connect Zoom")


def test_what_is_asked_of_zoom(ada: Host, world: World, tap: Tap) -> None:
    """You'll be redirected to Zoom's authorization page."""
    url = begins(ada)
    asked = query(url)
    assert url.startswith(f"{world.zoom.url}/oauth/authorize?")
    assert asked["redirect_uri"] == "http://localhost/integrations/zoom/callback"
    assert asked["code_challenge_method"] == "S256"
    assert set(asked) == {
        "response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"
    }  # fmt: skip
    assert len(asked["state"]) >= 32
    assert query(begins(ada))["state"] != asked["state"]
    returns(ada, **allows(url))
    (sent,) = tap.at("/oauth/token")
    assert sent.basic == "sandbox-client:sandbox-secret"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.form["code_verifier"].encode()).digest())
    assert challenge.rstrip(b"=").decode() == asked["code_challenge"]
    assert "client_secret" not in sent.form
    assert sent.query == ""
    assert ada.reads("ada@example.com")


def test_public_url_rules_the_redirect(world: World) -> None:
    """The redirect address comes from HUB_PUBLIC_URL alone."""
    settings = dataclasses.replace(world.hub.settings, public_url="https://book.example")
    hub = dataclasses.replace(world.hub, settings=settings)
    provider = hub.registry.get("zoom")
    assert provider
    assert oauth.redirect_uri(hub, provider) == "https://book.example/integrations/zoom/callback"


def test_declined(ada: Host, world: World, tap: Tap) -> None:
    """A host who declines is back in settings with one sentence, and nothing happened."""
    ada.connects("zoom", decision="deny")
    assert ada.reads("Zoom was not connected, because access was not allowed.")
    assert not_connected(ada, world)
    assert tap.at("/oauth/token") == []


@pytest.mark.parametrize("error", ["access_denied", "<script>alert(1)</script>", "server_error"])
def test_vendors_words_in_the_address_are_not_shown(ada: Host, world: World, error: str) -> None:
    """What stands in the address as error or description is never repeated, however long or clever it is."""
    state = query(begins(ada))["state"]
    page = returns(ada, state=state, error=error, error_description="<script>zqxzqxzqxzqx</script>" + "A" * 50_000)
    assert "zqxzqxzqxzqx" not in page
    assert "A" * 12 not in page
    assert "alert(1)" not in page
    assert not_connected(ada, world)


def test_code_and_error(ada: Host, world: World, tap: Tap) -> None:
    """An answer with both a code and an error is an error."""
    carried = allows(begins(ada))
    returns(ada, **carried, error="access_denied")
    assert not_connected(ada, world)
    assert tap.at("/oauth/token") == []


def test_marketplace_add(ada: Host, world: World, tap: Tap) -> None:
    """Somebody who added the app at Zoom's Marketplace comes with a code and no state, and is shown the button."""
    returns(ada, code="abc")
    assert ada.reads("To connect Zoom, please use the Connect button here.")
    assert not_connected(ada, world)
    assert tap.at("/oauth/token") == []


def test_no_code(ada: Host, world: World) -> None:
    """An answer without a code connects nothing and uses the state up."""
    carried = allows(begins(ada))
    returns(ada, state=carried["state"])
    assert ada.reads("Zoom sent no code.")
    returns(ada, **carried)
    assert not_connected(ada, world)
    returns(ada)
    assert not_connected(ada, world)


@pytest.mark.parametrize("code", ["x" * 2001, "x" * 60_000, "\x00", "ä\r\nX: y"])
def test_strange_code(ada: Host, world: World, code: str) -> None:
    """A code that no vendor gave is refused in words."""
    returns(ada, state=query(begins(ada))["state"], code=code)
    assert not_connected(ada, world)


def test_forged_state(ada: Host, world: World, tap: Tap) -> None:
    """A state that the hub did not make is refused, and one that it made is not harmed by that."""
    carried = allows(begins(ada))
    for state in (
        "x" * 43,
        carried["state"] + "x",
        carried["state"].swapcase(),
        "x" * 50_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
    ):
        returns(ada, code=carried["code"], state=state)
        assert ada.reads("This authorization was not begun here, or was used already.")
        assert not_connected(ada, world)
    assert tap.at("/oauth/token") == []
    returns(ada, **carried)
    assert ada.reads("Zoom is connected.")


def test_replayed_state(ada: Host, world: World, tap: Tap) -> None:
    """The address that Zoom sent the browser to works once; going back to it changes nothing."""
    carried = allows(begins(ada))
    returns(ada, **carried)
    returns(ada, **carried)
    assert ada.reads("was used already")
    assert ada.reads("Connected")
    assert len(tap.at("/oauth/token")) == 1


def test_old_state(ada: Host, world: World, tap: Tap) -> None:
    """An authorization that took eleven minutes has to be started again."""
    carried = allows(begins(ada))
    world.clock.advance(minutes=11)
    returns(ada, **carried)
    assert ada.reads("The authorization took longer than ten minutes.")
    assert not_connected(ada, world)
    assert tap.at("/oauth/token") == []
    with world.hub.store.read() as session:
        assert session.scalar(select(func.count()).select_from(OAuthFlow)) == 0


def test_nine_minutes_are_fine(ada: Host, world: World) -> None:
    """Signing in at Zoom may take nine minutes."""
    url = begins(ada)
    world.clock.advance(minutes=9)
    returns(ada, **allows(url))
    assert ada.reads("Zoom is connected.")


def test_state_of_another_browser(ada: Host, world: World, app: Flask, tap: Tap) -> None:
    """An authorization begun in one browser is not finished in another, even by the same host."""
    carried = allows(begins(ada))
    other = Person(app)
    signs_in(other, ada.email)
    returns(other, **carried)
    assert not_connected(other, world)
    assert tap.at("/oauth/token") == []
    returns(ada, **carried)
    assert ada.reads("Zoom is connected.")


def test_state_of_another_user(ada: Host, world: World, app: Flask, tap: Tap) -> None:
    """Nobody's Zoom lands on somebody else's account: a link made by one host is refused for another."""
    mallory = Host(app, world, "Mallory", "mallory@example.com")
    carried = allows(begins(mallory), user="grace@example.com")
    returns(ada, **carried)
    assert not_connected(ada, world)
    assert tap.at("/oauth/token") == []


@pytest.mark.parametrize("then", ["mallory@example.com", "ada@example.com"])
def test_signed_out_in_between(ada: Host, world: World, app: Flask, then: str) -> None:
    """Whoever signs out on the way to Zoom has to start again, and another user of the same browser gets nothing."""
    Host(app, world, "Mallory", "mallory@example.com")
    carried = allows(begins(ada))
    ada.opens("/settings/integrations")
    ada.sends("/logout")
    answer = ada.browser.get(f"{CALLBACK}?{urlencode(carried)}")
    assert answer.status_code == 302
    assert "/login" in answer.location
    signs_in(ada, then)
    returns(ada, **carried)
    assert not_connected(ada, world)


def test_state_of_another_provider(ada: Host, world: World) -> None:
    """A state is taken for its own provider, host and browser only, each of which is looked at by itself."""
    rival = _rival()
    hub = dataclasses.replace(world.hub, registry=Registry([("zoom", zoom_plugin, "1"), ("rival", rival, "1")]))
    zoom, other = hub.registry.get("zoom"), hub.registry.get("rival")
    assert zoom
    assert other
    state = query(oauth.begin(hub, zoom, host_id=ada.id, browser="b", return_to="/"))["state"]
    with pytest.raises(NotPossible):
        oauth.take(hub, other, state=state, host_id=ada.id, browser="b")
    with pytest.raises(NotPossible):
        oauth.take(hub, zoom, state=state, host_id=ada.id + 1, browser="b")
    with pytest.raises(NotPossible):
        oauth.take(hub, zoom, state=state, host_id=ada.id, browser="c")
    assert oauth.take(hub, zoom, state=state, host_id=ada.id, browser="b")[1] == "/"


def _rival() -> Any:
    @hookimpl
    def location_provider() -> Any:
        return dataclasses.replace(zoom_plugin.location_provider(), key="rival", label="Rival")

    made = ModuleType("rival")
    made.__package__ = "plugins.zoom"
    made.location_provider = location_provider  # type: ignore[attr-defined]
    return made


def test_code_used_twice(ada: Host, world: World) -> None:
    """A code that Zoom knows as used is refused in words, and the connection it made stays."""
    first = allows(begins(ada))
    returns(ada, **first)
    second = query(begins_again(ada))
    returns(ada, state=second["state"], code=first["code"])
    assert ada.reads("did not accept the authorization (Invalid authorization code)")
    assert ada.reads("ada@example.com")


def begins_again(host: Host) -> str:
    """Press Reconnect's form, though the card does not offer it now."""
    return str(host.sends("/integrations/zoom/connect", follow=False).location)


def test_code_of_another_authorization(ada: Host, world: World, app: Flask) -> None:
    """A code that was stolen on its way is worth nothing in another authorization: it lacks the verifier."""
    victim = Host(app, world, "Grace", "grace@example.com")
    stolen = allows(begins(victim), user="grace@example.com")["code"]
    returns(ada, state=query(begins(ada))["state"], code=stolen)
    assert not_connected(ada, world)


def test_redirect_mismatch(ada: Host, world: World, tap: Tap) -> None:
    """Where Zoom says that the redirect differs, the host is told so and nothing is stored."""
    says = {"reason": "Redirect URI mismatch.", "error": "invalid_request"}
    tap.says("/oauth/token", json.dumps(says).encode(), status="400 BAD REQUEST")
    returns(ada, **allows(begins(ada)))
    assert ada.reads("Redirect URI mismatch.")
    assert not_connected(ada, world)


GOOD = {
    "access_token": "secret-a",
    "refresh_token": "secret-r",
    "expires_in": 3599,
    "token_type": "bearer",
    "scope": "meeting:write:meeting meeting:update:meeting meeting:delete:meeting user:read:user",
}


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (without("refresh_token"), "200 OK"),
        (without("access_token"), "200 OK"),
        (without("expires_in"), "200 OK"),
        (json.dumps({**GOOD, "expires_in": -1}).encode(), "200 OK"),
        (json.dumps({**GOOD, "expires_in": 0}).encode(), "200 OK"),
        (json.dumps({**GOOD, "expires_in": "soon"}).encode(), "200 OK"),
        (json.dumps({**GOOD, "expires_in": 1e300}).encode(), "200 OK"),
        (json.dumps({**GOOD, "expires_in": [1]}).encode(), "200 OK"),
        (json.dumps({**GOOD, "access_token": {"a": 1}}).encode(), "200 OK"),
        (json.dumps({**GOOD, "scope": 7}).encode(), "200 OK"),
        (json.dumps({**GOOD, "access_token": "x" * 10_000_000}).encode(), "200 OK"),
        (json.dumps({**GOOD, "more": "x" * 10_000_000}).encode(), "200 OK"),
        (b"<!doctype html><h1>secret-a Sorry</h1>", "200 OK"),
        (b"<!doctype html><h1>secret-a Sorry</h1>", "502 BAD GATEWAY"),
        (json.dumps(GOOD).encode(), "500 INTERNAL SERVER ERROR"),
        (json.dumps(GOOD).encode(), "403 FORBIDDEN"),
        (b"", "200 OK"),
        (b"null", "200 OK"),
        (b"7", "200 OK"),
        (b"[]", "200 OK"),
        (b"[" * 100_000, "200 OK"),
        (b"\xff\xfe\x00", "200 OK"),
        (b'{"error": {"a": 1}}', "400 BAD REQUEST"),
        (b'{"error": "invalid_client", "reason": "Invalid client_id or client_secret"}', "401 UNAUTHORIZED"),
        (b"", "302 FOUND"),
    ],
)  # fmt: skip
def test_token_answers(ada: Host, world: World, tap: Tap, body: bytes, status: str) -> None:
    """Whatever the token endpoint says that is no complete grant, nothing is stored and the host reads a sentence."""
    tap.says("/oauth/token", body, status=status)
    page = returns(ada, **allows(begins(ada)))
    assert "secret-a" not in page
    assert ada.reads("Zoom could not be connected just now.") or ada.reads("Zoom is not connected.")
    assert not_connected(ada, world)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "cut", "truncated", "empty", "html", "503"])
@pytest.mark.parametrize("route", ["token", "user"])
def test_connection_breaks_off(ada: Host, world: World, kind: str, route: str) -> None:
    """Where Zoom breaks off in the middle of connecting, nothing is stored, and trying again works."""
    url = begins(ada)
    world.breaks_zoom(kind, route)
    returns(ada, **allows(url))
    assert not_connected(ada, world)
    ada.connects("zoom")
    assert ada.reads("ada@example.com")


@pytest.mark.parametrize(
    "missing", ["meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user"]
)
def test_missing_scopes(ada: Host, world: World, tap: Tap, missing: str) -> None:
    """A grant that lacks a permission is named as such and not connected."""
    scopes = [scope for scope in GOOD["scope"].split() if scope != missing]  # type: ignore[attr-defined]
    world.control("PATCH", "/switches", scopes=scopes)
    ada.connects("zoom")
    assert ada.reads(missing)
    assert ada.reads("Please connect again and allow all of them.")
    assert not_connected(ada, world)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_connect_only_by_button(ada: Host, world: World, method: str) -> None:
    """Connecting and toggling happen by a button only: following a link to them does nothing."""
    for path in ("/integrations/zoom/connect", "/integrations/zoom/enabled"):
        assert getattr(ada.browser, method)(path).status_code == 405
    with world.hub.store.read() as session:
        assert session.scalar(select(func.count()).select_from(OAuthFlow)) == 0


def test_a_link_to_disconnect_only_asks(ada: Host, world: World) -> None:
    """Confirm the disconnection when prompted."""
    ada.connects("zoom")
    ada.opens("/integrations/zoom/disconnect")
    assert ada.reads("Disconnect Zoom?")
    assert ada.browser.head("/integrations/zoom/disconnect").status_code == 200
    assert not nothing_stored(world)
    assert ada.sends("/integrations/zoom/disconnect").status_code == 200
    assert not_connected(ada, world)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("path", ["connect", "disconnect", "enabled"])
def test_another_sites_button(ada: Host, world: World, path: str, headers: dict[str, str]) -> None:
    """Another site's form can't connect, pause or disconnect, even if it knew the token."""
    ada.connects("zoom")
    ada.opens("/settings/integrations")
    form = {"csrf_token": token_of(ada.page), "enabled": "0"}
    assert ada.browser.post(f"/integrations/zoom/{path}", data=form, headers=headers).status_code == 403
    assert ada.browser.post(f"/integrations/zoom/{path}", data={"enabled": "0"}).status_code == 400
    with world.hub.store.read() as session:
        connection = session.scalars(select(Connection)).one()
        assert connection.tokens
        assert connection.enabled
        assert session.scalar(select(func.count()).select_from(OAuthFlow)) == 0


def test_abandoned(ada: Host, world: World) -> None:
    """Forty authorizations that came to nothing leave the cookie small and the last one working."""
    for n in range(40):
        ada.opens("/settings/integrations")
        answer = ada.sends("/integrations/zoom/connect", follow=False)
        if answer.status_code == 429:
            assert n >= 20
            break
        url = answer.location
        returns(ada, state="forged", code="x")
    cookie = ada.browser.get_cookie("hub")
    assert cookie
    assert len(cookie.value) < 1000
    returns(ada, **allows(url))
    assert ada.reads("Zoom is connected.")


@pytest.mark.parametrize(
    ("target", "ends"),
    [
        ("/onboarding/4", "/onboarding/4"),
        ("//evil.example", "/settings/integrations"),
        ("https://evil.example/", "/settings/integrations"),
        ("/\\evil.example", "/settings/integrations"),
        ("/" + "x" * 5000, "/settings/integrations"),
    ],
)
def test_back_where_it_began(ada: Host, world: World, target: str, ends: str) -> None:
    """You'll be returned to the onboarding step with Zoom connected; and to no other site, ever."""
    carried = allows(begins(ada, return_to=target))
    answer = ada.browser.get(f"{CALLBACK}?{urlencode(carried)}")
    assert answer.status_code == 302
    assert urlsplit(answer.location).path == ends
    assert urlsplit(answer.location).netloc in ("", "localhost")
    ada.opens("/settings/integrations")
    assert ada.reads("ada@example.com")


def test_unknown_provider(ada: Host) -> None:
    """Addresses of providers that do not exist, or need no connection, are not found."""
    ada.opens("/settings/integrations")
    for key in ("nothing", "phone", "ZOOM"):
        assert ada.sends(f"/integrations/{key}/connect").status_code == 404
        assert ada.browser.get(f"/integrations/{key}/callback?code=x&state=y").status_code == 404


def test_not_enabled(ada: Host, world: World) -> None:
    """Where Zoom is not enabled for the account there is no button, and its address does nothing."""
    with world.hub.store.write() as session:
        host = session.get_one(HostRow, ada.id)
        host.providers_off = ["zoom"]
    ada.opens("/settings/integrations")
    assert ada.reads("Zoom is not enabled for your account.")
    assert not ada.reads("Connect Zoom")
    assert ada.sends("/integrations/zoom/connect", follow=False).status_code == 404
