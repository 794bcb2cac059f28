"""What a vendor's sign-in service means when it refuses, what of its words is kept, and what becomes of the grant."""

from __future__ import annotations

import dataclasses
import json
from contextlib import AbstractContextManager
from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import Account, accounts
from hub.connections import service, token_endpoint, tokens
from hub.container import Hub
from hub.errors import ConnectionLost, ProviderError, Rejected, Temporary
from hub.outbox import lease
from hub.provider import Provider
from hub.store import counters, sealed
from hub.store.models import Connection
from plugins.zoom.sandbox.server import Server
from tests.support.wire import Tap

SENT = {"grant_type": "refresh_token", "refresh_token": "r-secret", "code": "c-secret", "code_verifier": "v-secret"}
pytestmark = pytest.mark.usefixtures("zoom")


def answer(body: object) -> httpx2.Response:
    request = httpx2.Request("POST", "https://vendor.example/oauth/token", data=SENT)
    text = body if isinstance(body, str) else json.dumps(body)
    return httpx2.Response(400, text=text, request=request)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"reason": "Invalid Token!", "error_description": "other"}, "Invalid Token!"),
        ({"error_description": "It has expired."}, "It has expired."),
        ({"error": "invalid_grant"}, ""),
        ({"reason": ["no", "text"]}, "['no', 'text']"),
        (["no", "object"], ""),
        ("<h1>Bad gateway</h1>", ""),
        ({"reason": "Unknown r-secret, c-secret and v-secret"}, "Unknown [hidden], [hidden] and [hidden]"),
        ({"reason": "refresh_token is not allowed"}, "refresh_token is not allowed"),
        ({"reason": "x" * 300}, "x" * 200),
    ],
)
def test_the_vendors_reason(body: object, reason: str) -> None:
    """The last answer's own words are kept, two hundred letters of them, without the secrets that it was sent."""
    assert token_endpoint._reason([answer({"reason": "an earlier one"}), answer(body)]) == reason


def test_no_answer() -> None:
    """Where no answer came there is no reason."""
    assert token_endpoint._reason([]) == ""


@pytest.mark.parametrize(
    ("error", "reason", "kind", "message"),
    [
        ("invalid_grant", "", Rejected, "invalid_grant"),
        ("invalid_grant", "It has expired.", Rejected, "It has expired."),
        ("invalid_request", "Invalid Token!", Rejected, "Invalid Token!"),
        ("invalid_request", "Invalid authorization code x", Rejected, "Invalid authorization code x"),
        ("invalid_request", "", Temporary, "The provider's sign-in service refused: invalid_request."),
        (
            "invalid_request",
            "Not an Invalid Token",
            Temporary,
            "The provider's sign-in service refused: Not an Invalid Token.",
        ),
        ("invalid_client", "Bad secret", Temporary, "The hub's own credentials at Zoom are refused."),
        ("unauthorized_client", "", Temporary, "The hub's own credentials at Zoom are refused."),
    ],
)
def test_what_a_refusal_means(provider: Provider, error: str, reason: str, kind: type, message: str) -> None:
    """Only a dead grant or code ends the connection; the hub's own mistakes and all else may pass."""
    fault = token_endpoint._grant_error(provider, error, reason)
    assert (type(fault), fault.message) == (kind, message)


@pytest.fixture(name="connected")
def _connected(hub: Hub, provider: Provider) -> Connection:
    """A connection whose grant a worker with the lease `ours` is refreshing."""
    host = accounts.sign_up(hub, name="Ada", email="ada@example.com", password="correct horse", timezone="UTC")
    grant = token_endpoint.Grant("access", "refresh", hub.clock() + timedelta(hours=1), ("a", "b"))
    service.save(hub, provider, host_id=host, grant=grant, account=Account("z1", "ada@example.com"))
    with hub.store.write() as session:
        connection = session.scalars(select(Connection)).one()
        connection.refresh_lease, connection.refresh_lease_until = "ours", hub.clock() + timedelta(minutes=1)
        return connection


def now_is(hub: Hub) -> Connection:
    with hub.store.read() as session:
        return session.scalars(select(Connection)).one()


def counted(hub: Hub) -> list[tuple[str, dict[str, str], int]]:
    with hub.store.read() as session:
        return [(name, dict(labels), value) for name, labels, value in counters.totals(session)]


def release(hub: Hub, connection: Connection, *, holder: str = "ours", dead: str = "", behind: int = 0) -> bool:
    number = connection.grant_number - behind
    return tokens._release(hub, connection.id, lease=holder, number=number, dead=dead)


def test_a_refresh_that_found_nobody(hub: Hub, connected: Connection) -> None:
    """After a refresh that got no answer the next one may try; the grant stays as it is."""
    assert not release(hub, connected)
    left = now_is(hub)
    assert (left.refresh_lease, left.refresh_lease_until) == ("", None)
    assert (left.tokens, left.broken_reason) == (connected.tokens, "")
    assert counted(hub) == [("token_refreshes", {"outcome": "Temporary", "provider": "zoom"}, 1)]


def test_a_refresh_that_was_refused(hub: Hub, connected: Connection) -> None:
    """A dead grant breaks the connection in the same commit, with the vendor's reason, and its tokens go."""
    assert not release(hub, connected, dead="Invalid Token!")
    left = now_is(hub)
    assert (left.refresh_lease, left.tokens, left.broken_reason) == ("", "", "Invalid Token!")
    assert counted(hub) == [("token_refreshes", {"outcome": "refused", "provider": "zoom"}, 1)]


def test_a_lease_of_somebody_elses(hub: Hub, connected: Connection) -> None:
    """Who was late leaves the lease to its new holder."""
    assert not release(hub, connected, holder="former")
    assert now_is(hub).refresh_lease == "ours"


def test_a_newer_grant(hub: Hub, connected: Connection) -> None:
    """Where the host has connected again meanwhile, the refusal is about a grant that nobody uses any more."""
    assert release(hub, connected, dead="Invalid Token!", behind=1)
    assert (now_is(hub).tokens, now_is(hub).broken_reason) == (connected.tokens, "")
    with hub.store.write() as session:
        session.scalars(select(Connection)).one().tokens = ""
    assert not release(hub, connected, dead="Invalid Token!", behind=1)


def test_a_connection_that_is_gone(hub: Hub, connected: Connection) -> None:
    """A connection that was deleted meanwhile needs nothing."""
    with hub.store.write() as session:
        session.delete(session.scalars(select(Connection)).one())
    assert not release(hub, connected)


def test_revoked(hub: Hub, provider: Provider, zoom: Server, connected: Connection) -> None:
    """Whether the vendor has ended the grant is told as it answers; what can't be asked is not ended."""
    tap = Tap(zoom)
    assert not token_endpoint.revoke(hub, provider, "", connected.id)
    assert not token_endpoint.revoke(hub, provider, "rubbish", connected.id)
    assert tap.sent == []
    for status, agreed in (
        ("200 OK", True),
        ("299 Fine", True),
        ("300 Multiple Choices", False),
        ("400 Bad Request", False),
    ):
        tap.says("/oauth/revoke", b"{}", status=status)
        assert token_endpoint.revoke(hub, provider, connected.tokens, connected.id) is agreed
    asked = len(tap.sent)
    assert provider.oauth
    provider.facts = dataclasses.replace(provider.facts, oauth=dataclasses.replace(provider.oauth, revoke_path=""))
    assert not token_endpoint.revoke(hub, provider, connected.tokens, connected.id)
    provider.facts = dataclasses.replace(provider.facts, oauth=None)
    assert not token_endpoint.revoke(hub, provider, connected.tokens, connected.id)
    assert len(tap.sent) == asked


TOKEN = "/oauth/token"


def answers(zoom: Server, status: str = "200 OK", **more: object) -> Tap:
    """Have the vendor's token endpoint answer so."""
    given = {"access_token": "new", "refresh_token": "new-refresh", "expires_in": 3600, "scope": "a b", **more}
    tap = Tap(zoom)
    tap.says(TOKEN, json.dumps(given if status == "200 OK" else more).encode(), status=status)
    return tap


def refresh(hub: Hub, provider: Provider, connection: Connection) -> str:
    number = connection.grant_number
    return tokens._refresh(hub, provider, connection.id, lease="ours", refresh_token="refresh", number=number)


def kept_tokens(hub: Hub) -> dict[str, str]:
    found = now_is(hub)
    return dict(json.loads(hub.vault.open(found.tokens, sealed.connection_tokens(found.id))))


def connects_again(hub: Hub, provider: Provider) -> None:
    """Let the host connect the same account once more."""
    grant = token_endpoint.Grant("newest", "newest-refresh", hub.clock() + timedelta(hours=1), ("a", "b"))
    service.save(hub, provider, host_id=now_is(hub).host_id, grant=grant, account=Account("z1", "ada@example.com"))


def test_refreshed(
    hub: Hub, provider: Provider, zoom: Server, connected: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh keeps its lease while it asks, then stores both tokens and counts itself."""
    held: list[tuple[object, ...]] = []
    keep = lease.kept
    monkeypatch.setattr(lease, "kept", lambda *given: (held.append(given), keep(*given))[1])
    tap = answers(zoom)
    assert refresh(hub, provider, connected) == "new"
    assert held == [(hub, lease.REFRESH, connected.id, "ours")]
    assert [sent.form["refresh_token"] for sent in tap.at(TOKEN)] == ["refresh"]
    assert kept_tokens(hub) == {"access_token": "new", "refresh_token": "new-refresh"}
    assert now_is(hub).refresh_lease == ""
    assert counted(hub) == [("token_refreshes", {"outcome": "done", "provider": "zoom"}, 1)]


def test_refreshed_without_a_new_refresh_token(
    hub: Hub, provider: Provider, zoom: Server, connected: Connection
) -> None:
    """A vendor that sends no new refresh token means the one that it was sent."""
    answers(zoom, refresh_token=None)
    assert refresh(hub, provider, connected) == "new"
    assert kept_tokens(hub) == {"access_token": "new", "refresh_token": "refresh"}


def test_refreshed_in_vain(hub: Hub, provider: Provider, zoom: Server, connected: Connection) -> None:
    """A sign-in service that is away leaves the connection as it was, free for the next try."""
    answers(zoom, "503 Service Unavailable")
    with pytest.raises(Temporary) as raised:
        refresh(hub, provider, connected)
    assert raised.value.away
    left = now_is(hub)
    assert (left.refresh_lease, left.tokens, left.broken_reason) == ("", connected.tokens, "")


def test_refused(hub: Hub, provider: Provider, zoom: Server, connected: Connection) -> None:
    """A grant that the vendor refuses is lost, with the vendor's reason."""
    answers(zoom, "400 Bad Request", error="invalid_grant", reason="Invalid Token!")
    with pytest.raises(ConnectionLost) as raised:
        refresh(hub, provider, connected)
    assert raised.value.message == now_is(hub).broken_reason == "Invalid Token!"


@pytest.mark.parametrize("how", ["disconnected", "deleted"])
def test_gone_meanwhile(hub: Hub, provider: Provider, zoom: Server, connected: Connection, how: str) -> None:
    """A connection that its host removes during the refresh does not come back by it."""

    def removed(_: object) -> None:
        with hub.store.write() as session:
            found = session.scalars(select(Connection)).one()
            if how == "deleted":
                session.delete(found)
            else:
                found.tokens = ""

    answers(zoom).before = removed
    with pytest.raises(ConnectionLost) as raised:
        refresh(hub, provider, connected)
    assert raised.value.message == "The connection has been removed."


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request"])
def test_connected_again_meanwhile(
    hub: Hub, provider: Provider, zoom: Server, connected: Connection, status: str
) -> None:
    """Where the host connects again during the refresh, the newer grant is kept and used, whatever came of the older."""
    tap = answers(zoom, status, error="invalid_grant") if status != "200 OK" else answers(zoom)
    tap.before = lambda _: connects_again(hub, provider)
    assert refresh(hub, provider, connected) == "newest"
    assert kept_tokens(hub)["refresh_token"] == "newest-refresh"
    assert now_is(hub).broken_reason == ""


# Whoever needs a token


MOMENT = timedelta(microseconds=1)


def has(hub: Hub, connection: Connection, **values: object) -> None:
    """Set these values of the connection."""
    with hub.store.write() as session:
        for name, value in values.items():
            setattr(session.get_one(Connection, connection.id), name, value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"broken_reason": "The grant is gone."}, "The grant is gone."),
        ({"broken_reason": "Removed there.", "tokens": ""}, "Removed there."),
        ({"tokens": ""}, "The connection has been removed."),
        ({"tokens": "damaged"}, tokens.UNREADABLE),
    ],
)
def test_no_token_to_be_had(hub: Hub, connected: Connection, values: dict[str, object], said: str) -> None:
    """A connection that is broken, removed or unreadable gives none, and says which."""
    has(hub, connected, **values)
    with pytest.raises(ConnectionLost) as raised:
        tokens._take(hub, connected.id, "")
    assert raised.value.message == said


def test_no_connection(hub: Hub, connected: Connection) -> None:
    """One that is gone gives none."""
    with pytest.raises(ConnectionLost, match=r"^The connection has been removed\.$"):
        tokens._take(hub, connected.id + 1, "")


@pytest.mark.parametrize(
    ("left", "refused", "works"),
    [
        (tokens.EARLY + MOMENT, "", True),
        (tokens.EARLY, "", False),
        (timedelta(hours=1), "access", False),
        (timedelta(hours=1), "an earlier one", True),
    ],
)
def test_a_token_that_works(hub: Hub, connected: Connection, left: timedelta, refused: str, works: bool) -> None:
    """One that is neither refused nor at its end is given as it is; for any other whoever refreshes it is waited for."""
    has(hub, connected, expires_at=hub.clock() + left)
    number = connected.grant_number
    assert tokens._take(hub, connected.id, refused) == (("access", "", "", number) if works else ("", "", "", 0))
    has(hub, connected, expires_at=None)
    assert tokens._take(hub, connected.id, "") == ("", "", "", 0)


def test_waits_for_no_writer(hub: Hub, provider: Provider, connected: Connection) -> None:
    """Fault row 14: while others write, even to the same connection, a token that works is had at once."""
    has(hub, connected, expires_at=hub.clock() + timedelta(hours=1))
    with Session(hub.store.engine.execution_options(hub_write=True)) as another:
        another.get_one(Connection, connected.id).account_label = "theirs"
        another.flush()
        assert tokens.fresh_token(hub, provider, connected.id) == "access"


@pytest.mark.parametrize(
    ("until", "ours"),
    [
        (None, True),
        (-MOMENT, True),
        (timedelta(0), False),
        (lease.LATEST, False),
        (lease.LATEST + MOMENT, True),
    ],
)
def test_who_refreshes(hub: Hub, connected: Connection, until: timedelta | None, ours: bool) -> None:
    """One at a time, whose lease has not run out and was not taken before the clock was set back."""
    has(
        hub,
        connected,
        expires_at=hub.clock(),
        refresh_lease="theirs",
        refresh_lease_until=None if until is None else hub.clock() + until,
    )
    token, holder, refresh_token, number = tokens._take(hub, connected.id, "")
    if not ours:
        assert (token, holder, refresh_token, number) == ("", "", "", 0)
        return
    assert (token, refresh_token, number) == ("", "refresh", connected.grant_number)
    found = now_is(hub)
    assert found.refresh_lease == holder != "theirs"
    assert len(holder) == 16
    assert found.refresh_lease_until == hub.clock() + lease.LEASE


def test_another_was_faster(
    hub: Hub, provider: Provider, connected: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a new grant came between the look and the write, its token is taken, and nobody refreshes once more."""
    has(hub, connected, expires_at=hub.clock())
    write, faster = hub.store.write, [connects_again]

    def write_after_another() -> AbstractContextManager[Session]:
        if faster:
            faster.pop()(hub, provider)
        return write()

    monkeypatch.setattr(hub.store, "write", write_after_another)
    assert tokens._take(hub, connected.id, "") == ("newest", "", "", connected.grant_number + 1)
    assert (now_is(hub).refresh_lease, now_is(hub).refresh_lease_until) == ("", None)


def test_waits_for_another(
    hub: Hub, provider: Provider, connected: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for another process's refresh looks again and again, and gives up after half a minute."""
    slept: list[float] = []
    now = [1000.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += 10

    monkeypatch.setattr(tokens.time, "sleep", sleep)
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now[0])
    has(hub, connected, expires_at=hub.clock())
    with pytest.raises(Temporary) as raised:
        tokens.fresh_token(hub, provider, connected.id)
    assert raised.value.message == "Another process is refreshing the connection."
    assert slept == 4 * [tokens.LOOK_AGAIN_SECONDS]

    def comes(_seconds: float) -> None:
        has(hub, connected, expires_at=hub.clock() + timedelta(hours=1))

    monkeypatch.setattr(tokens.time, "sleep", comes)
    assert tokens.fresh_token(hub, provider, connected.id) == "access"


def test_lets_go(hub: Hub, provider: Provider, zoom: Server, connected: Connection) -> None:
    """After a refresh that failed the next one need not wait until a lease has run out."""
    has(hub, connected, expires_at=hub.clock(), refresh_lease="", refresh_lease_until=None)
    answers(zoom, "503 Service Unavailable")
    with pytest.raises(Temporary):
        tokens.fresh_token(hub, provider, connected.id)
    assert (now_is(hub).refresh_lease, now_is(hub).refresh_lease_until) == ("", None)


# What the token endpoint answers


def asked(hub: Hub, provider: Provider) -> token_endpoint.Grant:
    url = token_endpoint._url(hub, provider, "token")
    answer = token_endpoint._ask(hub, provider, lambda client: client.refresh_token(url, refresh_token="before"))
    return token_endpoint._grant(hub, provider, answer, "before")


AWAY = "The provider's sign-in service does not answer properly."
NO_TOKENS = "The provider's sign-in service sent no usable tokens."
NO_LIFETIME = "The provider's sign-in service sent no usable lifetime."


def test_a_grant(hub: Hub, provider: Provider, zoom: Server) -> None:
    """Both tokens, when the first one ends, and what is permitted; asked in the hub's own name."""
    tap = answers(zoom, scope="b a")
    found = asked(hub, provider)
    assert (found.access_token, found.refresh_token) == ("new", "new-refresh")
    assert found.expires_at == hub.clock() + timedelta(hours=1)
    assert provider.oauth
    assert found.scopes == provider.oauth.granted(["b", "a"])
    assert [sent.basic for sent in tap.at(TOKEN)] == ["sandbox-client:sandbox-secret"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"access_token": None}, NO_TOKENS),
        ({"access_token": ""}, NO_TOKENS),
        ({"access_token": ["x"]}, NO_TOKENS),
        ({"refresh_token": ["x"]}, NO_TOKENS),
        ({"expires_in": None}, NO_LIFETIME),
        ({"expires_in": 0}, NO_LIFETIME),
        ({"expires_in": 1}, None),
        ({"expires_in": 10**8 - 1}, None),
        ({"expires_in": 10**8}, NO_LIFETIME),
        ({"expires_in": True}, NO_LIFETIME),
        ({"scope": None}, None),
        ({"refresh_token": ""}, None),
    ],
)
def test_half_a_grant(hub: Hub, provider: Provider, given: dict[str, object], said: str | None) -> None:
    """An answer without usable tokens, or without a usable lifetime, is no grant; a missing scope is none of these."""
    answer = {"access_token": "new", "refresh_token": "new-refresh", "expires_in": 3600, "scope": "a", **given}
    if said is None:
        assert token_endpoint._grant(hub, provider, answer, "before").access_token == "new"
        return
    with pytest.raises(Temporary) as raised:
        token_endpoint._grant(hub, provider, answer, "before")
    assert raised.value.message == said


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        ("400 Bad Request", {"error": "invalid_grant", "reason": "It is over."}, Rejected, "It is over."),
        ("400 Bad Request", {"error": "invalid_grant"}, Rejected, "invalid_grant"),
        ("401 Unauthorized", {"error": "invalid_client"}, Temporary, "The hub's own credentials at Zoom are refused."),
        ("503 Service Unavailable", "<h1>Sorry</h1>", Temporary, AWAY),
        ("200 OK", "<h1>Sign in</h1>", Temporary, AWAY),
        ("300 Multiple Choices", {"access_token": "x"}, Temporary, AWAY),
    ],
)
def test_refusals_on_the_wire(
    hub: Hub, provider: Provider, zoom: Server, status: str, body: object, kind: type, said: str
) -> None:
    """A refusal says in the vendor's words what it means; what is no answer says that nobody knows."""
    text = body if isinstance(body, str) else json.dumps(body)
    Tap(zoom).says(TOKEN, text.encode(), status=status)
    with pytest.raises(ProviderError) as raised:
        asked(hub, provider)
    assert (type(raised.value), raised.value.message) == (kind, said)
    if said == AWAY:
        assert isinstance(raised.value, Temporary)
        assert (raised.value.outcome_known, raised.value.away) == (False, True)


def test_nobody_there(hub: Hub, provider: Provider, zoom: Server) -> None:
    """The same where nobody answers at all."""
    zoom.close()
    with pytest.raises(Temporary) as raised:
        asked(hub, provider)
    assert (raised.value.message, raised.value.outcome_known, raised.value.away) == (AWAY, False, True)
