"""The HTTP client that a provider's hooks get: which address it calls, and what it says of itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from hub.connections import pace
from hub.connections.api import ConnectionApi, GrantApi, _Api
from hub.container import Hub
from hub.errors import ConnectionLost, ProviderError, Temporary
from hub.provider import Provider
from plugins.zoom.sandbox.server import Server
from tests.support.wire import Tap


def elsewhere(provider: Provider, address: str) -> None:
    """Let the vendor tell at this address who has signed in."""
    assert provider.oauth
    provider.facts = dataclasses.replace(
        provider.facts, oauth=dataclasses.replace(provider.oauth, identity_url=address)
    )


def test_says_no_secret(hub: Hub, provider: Provider) -> None:
    """What is printed of a client is its kind and address, never its token."""
    base = hub.settings.bases(provider.facts)[1]
    assert repr(GrantApi(hub, provider, "a-token")) == f"GrantApi({base!r})"
    assert repr(ConnectionApi(hub, provider, 7)) == f"ConnectionApi({base!r})"


def test_who_has_signed_in(hub: Hub, provider: Provider) -> None:
    """Whose account it is may be told elsewhere: where the vendor says, but on the host that stands in for the vendor."""
    base = hub.settings.bases(provider.facts)[1]
    api = ConnectionApi(hub, provider, 7)
    assert repr(api.identity()) == f"ConnectionApi({base!r})"
    elsewhere(provider, "https://people.example.com/v1/")
    host = base.split("/v2")[0]
    found = ConnectionApi(hub, provider, 7).identity()
    assert repr(found) == f"ConnectionApi('{host}/v1')"
    assert (found._hub, found._provider, found._connection_id) == (hub, provider, 7)
    assert repr(GrantApi(hub, provider, "a-token")) == f"GrantApi('{host}/v1')"


def test_who_has_signed_in_at_the_vendor(hub: Hub, provider: Provider) -> None:
    """Where nothing stands in for the vendor, its own two addresses are used."""
    elsewhere(provider, "https://people.example.com/v1/")
    assert provider.oauth
    settings = dataclasses.replace(hub.settings, environ={})
    real = dataclasses.replace(hub, settings=settings)
    assert repr(ConnectionApi(real, provider, 7)) == f"ConnectionApi({provider.oauth.api_url!r})"
    assert repr(ConnectionApi(real, provider, 7).identity()) == "ConnectionApi('https://people.example.com/v1')"
    oauth = dataclasses.replace(provider.oauth, api_url="https://api.example.com/v2/")
    provider.facts = dataclasses.replace(provider.facts, oauth=oauth)
    assert repr(ConnectionApi(real, provider, 7)) == "ConnectionApi('https://api.example.com/v2')"
    assert repr(ConnectionApi(real, provider, 7).identity()) == "ConnectionApi('https://people.example.com/v1')"


def test_a_new_grant_is_not_refreshed(hub: Hub, provider: Provider) -> None:
    """A token that has just been given and is refused ends the connecting; there is no other one to try."""
    api = GrantApi(hub, provider, "a-token")
    assert api._token("") == "a-token"
    with pytest.raises(ConnectionLost, match=r"^The provider refused the new connection\.$"):
        api._token("a-token")


def test_what_is_sent(hub: Hub, provider: Provider, zoom: Server) -> None:
    """Each way of calling sends its method, path and parameters, with the token."""
    tap = Tap(zoom)
    tap.says("/v2/x", b"{}")
    api = GrantApi(hub, provider, "a-token")
    api.get("/x", params={"page": "2"})
    api.post("/x", json={})
    api.patch("/x", json={})
    api.delete("/x", params={"quiet": "true"})
    told = [(sent.method, sent.path, sent.query, sent.authorization) for sent in tap.sent]
    assert told == [
        ("GET", "/v2/x", "page=2", "Bearer a-token"),
        ("POST", "/v2/x", "", "Bearer a-token"),
        ("PATCH", "/v2/x", "", "Bearer a-token"),
        ("DELETE", "/v2/x", "quiet=true", "Bearer a-token"),
    ]


class Scripted(_Api):
    """A client whose tokens are the test's; it notes for which refused one each was asked, and what each call waited for."""

    def __init__(self, hub: Hub, provider: Provider, *tokens: str | Exception, slow: Sequence[float] = ()) -> None:
        super().__init__(hub, provider)
        self.tokens = list(tokens)
        self.slow = list(slow)  # how many seconds each token takes
        self.asked: list[str] = []
        self.waited: list[str] = []

    def _token(self, refused: str) -> str:
        self.asked.append(refused)
        token = self.tokens.pop(0)
        if self.slow:
            self._hub.sleep(self.slow.pop(0))
        if isinstance(token, Exception):
            raise token
        return token

    def _wait(self, method: str) -> float | None:
        self.waited.append(method)
        return self._hub.clock().timestamp()


def test_refused_once(hub: Hub, provider: Provider, zoom: Server) -> None:
    """A token that is refused is replaced by another one, once, each time at a moment of its own."""
    tap = Tap(zoom)
    tap.says("/v2/x", b"{}", status="401 Unauthorized")
    api = Scripted(hub, provider, "first", "second")
    with pytest.raises(ConnectionLost):
        api.delete("/x", params={"quiet": "true"})
    assert api.asked == ["", "first"]
    assert api.waited == ["DELETE", "DELETE"]
    assert [(sent.authorization, sent.query) for sent in tap.sent] == [
        ("Bearer first", "quiet=true"),
        ("Bearer second", "quiet=true"),
    ]


LATE = pace.LATE_SECONDS + 0.01


@pytest.mark.parametrize(
    ("slow", "sent"),
    [
        ([], "1"),
        ([pace.LATE_SECONDS / 2], "1"),
        ([LATE], "2"),
        ([LATE, LATE], "3"),
        ([LATE, LATE, LATE], "3"),  # whoever is always late is sent at last
    ],
)
def test_token_that_comes_late(hub: Hub, provider: Provider, zoom: Server, slow: list[float], sent: str) -> None:
    """Fault row 14: a call whose token came after its moment has another moment, and the token that is right then."""
    tap = Tap(zoom)
    tap.says("/v2/x", b"{}")
    api = Scripted(hub, provider, "1", "2", "3", "4", slow=slow)
    api.post("/x", json={})
    assert [call.authorization for call in tap.sent] == [f"Bearer {sent}"]
    assert api.waited == ["POST"] * int(sent)
    assert set(api.asked) == {""}


def test_second_token_that_comes_late(hub: Hub, provider: Provider, zoom: Server) -> None:
    """So has one whose first token was refused, and it is still not given that one."""
    tap = Tap(zoom)
    tap.says("/v2/x", b"{}", status="401 Unauthorized")
    api = Scripted(hub, provider, "first", "second", "third", slow=[0, LATE])
    with pytest.raises(ConnectionLost):
        api.get("/x")
    assert [call.authorization for call in tap.sent] == ["Bearer first", "Bearer third"]
    assert api.asked == ["", "first", "first"]
    assert api.waited == ["GET"] * 3


def lost() -> Temporary:
    return Temporary("No token now.", outcome_known=False)


def test_no_token_before_anything_was_sent(hub: Hub, provider: Provider) -> None:
    """Where there is no token, nothing has happened at the vendor."""
    for call in (lambda api: api.get("/x"), lambda api: api.post("/x", json={})):
        with pytest.raises(Temporary) as raised:
            call(Scripted(hub, provider, lost()))
        assert raised.value.outcome_known is True


@pytest.mark.parametrize(("writes", "known"), [(False, True), (True, False)])
def test_no_token_after_something_was_sent(
    hub: Hub, provider: Provider, zoom: Server, writes: bool, known: bool
) -> None:
    """Where a hook has written before, nobody knows how far it came; reading changes nothing."""
    Tap(zoom).says("/v2/x", b"{}")
    api = Scripted(hub, provider, "first", "second", lost())
    if writes:
        api.post("/x", json={})
    else:
        api.get("/x")
    api.get("/x")
    with pytest.raises(Temporary) as raised:
        api.get("/x")
    assert raised.value.outcome_known is known


def test_no_token_for_the_second_try(hub: Hub, provider: Provider, zoom: Server) -> None:
    """A call that was refused for its token did nothing."""
    Tap(zoom).says("/v2/x", b"{}", status="401 Unauthorized")
    with pytest.raises(Temporary) as raised:
        Scripted(hub, provider, "first", lost()).post("/x", json={})
    assert raised.value.outcome_known is True


def test_no_token_for_the_second_try_after_a_write(hub: Hub, provider: Provider, zoom: Server) -> None:
    """What was written before it is not undone by that."""
    tap = Tap(zoom)
    tap.says("/v2/x", b"{}")
    api = Scripted(hub, provider, "first", "second", lost())
    api.post("/x", json={})
    tap.says("/v2/x", b"{}", status="401 Unauthorized")
    with pytest.raises(Temporary) as raised:
        api.post("/x", json={})
    assert raised.value.outcome_known is False


def test_a_fault_whose_outcome_is_known(hub: Hub, provider: Provider, zoom: Server) -> None:
    """What says itself that it did nothing is believed, whatever was written before."""
    Tap(zoom).says("/v2/x", b"{}")
    api = Scripted(hub, provider, "first", Temporary("Busy.", outcome_known=True))
    api.post("/x", json={})
    with pytest.raises(Temporary) as raised:
        api.get("/x")
    assert raised.value.outcome_known is True


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        ("200 OK", b"{}", None),
        ("204 No Content", b"", None),
        ("200 OK", b" ", None),
        ("299 Whatever", b"{}", None),
        ("200 OK", b"<h1>Sign in</h1>", "The provider's answer can't be read."),
        ("300 Multiple Choices", b"{}", "The answer led to another address, which is not followed."),
        ("404 Not Found", b"{}", "Zoom answered 404 without saying what was not found."),
        ("503 Service Unavailable", b"{}", "The provider has a fault (503)."),
    ],
)
def test_answers(hub: Hub, provider: Provider, zoom: Server, status: str, body: bytes, fault: str | None) -> None:
    """A success is a success if it can be read; all else is a fault that says what it means."""
    Tap(zoom).says("/v2/x", body, status=status)
    api = GrantApi(hub, provider, "a-token")
    if fault is None:
        assert api.get("/x").status == int(status[:3])
        return
    with pytest.raises(ProviderError) as raised:
        api.get("/x")
    assert raised.value.message == fault
    if isinstance(raised.value, Temporary):
        assert raised.value.outcome_known is (status[:3] == "404")
