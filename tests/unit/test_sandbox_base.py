"""The base of sandboxes behaves like a vendor: OAuth as the RFCs have it, faults on order, a log without secrets."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from werkzeug.test import Client

from hub.testing.sandbox import JSON, Call, Sandbox, operation
from hub.testing.vendor import Vendor, running
from tests.examples.acme.sandbox import Acme
from tests.support.world import Clock

APP = ("sandbox-client", "sandbox-secret")
BACK = "http://localhost:8000/integrations/acme/callback"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
QUERY = {
    "response_type": "code",
    "client_id": APP[0],
    "redirect_uri": BACK,
    "state": "s1",
    "scope": "profile meetings",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


class Actor:
    """An app, and a person's browser, at one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = Client(sandbox)

    def sim(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.open(f"/_sim{path}", method=method, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json

    def allows(self, decision: str = "allow", **query: str) -> dict[str, str]:
        address = f"{self.sandbox.authorize_path}?{urlencode({**QUERY, **query})}"
        answer = self.http.post(address, data={"user": "ada@example.com", "decision": decision})
        assert answer.status_code == 302, answer.text
        assert answer.location.startswith(BACK)
        return dict(parse_qsl(urlsplit(answer.location).query))

    def token(self, status: int = 200, **form: str) -> dict[str, Any]:
        answer = self.http.post("/oauth/token", data=form, auth=APP)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json
        return found

    def exchanges(self, code: str, status: int = 200, verifier: str = VERIFIER, back: str = BACK) -> dict[str, Any]:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
        return self.token(status, **form)

    def refreshes(self, token: str, status: int = 200) -> dict[str, Any]:
        return self.token(status, grant_type="refresh_token", refresh_token=token)

    def connects(self, **query: str) -> dict[str, Any]:
        return self.exchanges(self.allows(**query)["code"])

    def calls(self, token: str, method: str = "GET", path: str = "/v1/me", **body: Any) -> Any:
        return self.http.open(path, method=method, json=body or None, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="acme")
def _acme(clock: Clock) -> Actor:
    return Actor(Acme("http://localhost", clock=clock))


def test_a_code_becomes_tokens_that_work(acme: Actor) -> None:
    """Allow sends the browser back with code and state; the code becomes tokens, and they open the API."""
    back = acme.allows()
    assert back["state"] == "s1"
    tokens = acme.exchanges(back["code"])
    assert tokens["scope"] == "profile meetings"
    assert acme.calls(tokens["access_token"]).json["email"] == "ada@example.com"


def test_decline(acme: Actor) -> None:
    """Decline sends the browser back with access_denied and the state."""
    assert acme.allows("deny") == {"error": "access_denied", "state": "s1"}


def test_consent_page_asks(acme: Actor) -> None:
    """The consent page says what was asked for, and that it is no real vendor's."""
    page = acme.http.get(f"/oauth/authorize?{urlencode({**QUERY, 'scope': 'profile'})}").text
    assert "See your name and email address" in page
    assert "Make, change and delete" not in page
    assert "not the real one" in page
    assert acme.http.get("/_sim/sandbox.css").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "https://evil.example/back"},
        {"response_type": "token"},
        {"code_challenge_method": "MD5"},
        {"scope": "profile everything"},
    ],
)
def test_a_wrong_app_is_never_sent_back_to(acme: Actor, wrong: dict[str, str]) -> None:
    """What the app got wrong is said on the vendor's page, and no browser is sent anywhere."""
    address = f"/oauth/authorize?{urlencode({**QUERY, **wrong})}"
    assert acme.http.get(address).status_code == 400
    assert acme.http.post(address, data={"user": "ada@example.com", "decision": "allow"}).status_code == 400


def test_a_code_serves_once_and_only_whom_it_was_made_for(acme: Actor, clock: Clock) -> None:
    """A wrong verifier, another redirect, a late code and a used one are refused; using one twice ends the grant."""
    code = acme.allows()["code"]
    assert acme.exchanges(code, 400, verifier="x" * 50)["error"] == "invalid_grant"
    assert acme.exchanges(code, 400, back=BACK + "/x")["error"] == "invalid_grant"
    tokens = acme.exchanges(code)
    assert acme.calls(tokens["access_token"]).status_code == 200
    assert acme.exchanges(code, 400)["error"] == "invalid_grant"
    assert acme.calls(tokens["access_token"]).status_code == 401
    late = acme.allows()["code"]
    clock.advance(seconds=301)
    assert acme.exchanges(late, 400)["error"] == "invalid_grant"


def test_the_app_must_prove_itself(acme: Actor) -> None:
    """The client's secret may come as Basic or in the form; a wrong one is refused."""
    form = {"grant_type": "refresh_token", "refresh_token": acme.connects()["refresh_token"], "client_id": APP[0]}
    refused = acme.http.post("/oauth/token", data={**form, "client_secret": "wrong"})
    assert (refused.status_code, refused.json["error"]) == (401, "invalid_client")
    assert acme.http.post("/oauth/token", data={**form, "client_secret": APP[1]}).status_code == 200
    assert acme.token(400, grant_type="password")["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("rotation", ["rotate", "keep", "omit"])
def test_refresh(acme: Actor, rotation: str) -> None:
    """A refresh gives a new refresh token and ends the old one, or the same, or none: as the vendor does."""
    acme.sim("PATCH", "/switches", rotation=rotation)
    first = acme.connects()
    second = acme.refreshes(first["refresh_token"])
    assert acme.calls(second["access_token"]).status_code == 200
    if rotation == "rotate":
        assert acme.refreshes(first["refresh_token"], 400)["error"] == "invalid_grant"
        assert acme.refreshes(second["refresh_token"])
    else:
        assert second.get("refresh_token", first["refresh_token"]) == first["refresh_token"]
        assert ("refresh_token" in second) == (rotation == "keep")
        assert acme.refreshes(first["refresh_token"])


def test_grace(acme: Actor, clock: Clock) -> None:
    """With a grace period a rotated refresh token works a little longer, for an answer that was lost."""
    acme.sim("PATCH", "/switches", grace_s=30)
    token = acme.connects()["refresh_token"]
    acme.refreshes(token)
    clock.advance(seconds=29)
    acme.refreshes(token)
    clock.advance(seconds=2)
    acme.refreshes(token, 400)


def test_revoking_ends_the_whole_grant(acme: Actor) -> None:
    """A revoked token takes its siblings along; an unknown token is as good as revoked."""
    tokens = acme.connects()
    revoke = {"token": tokens["access_token"]}
    assert acme.http.post("/oauth/revoke", data=revoke).status_code == 401
    assert acme.http.post("/oauth/revoke", data=revoke, auth=APP).status_code == 200
    assert acme.http.post("/oauth/revoke", data={"token": "unknown"}, auth=APP).status_code == 200
    assert acme.calls(tokens["access_token"]).status_code == 401
    acme.refreshes(tokens["refresh_token"], 400)


def test_tokens_end(acme: Actor) -> None:
    """Access tokens expire with the clock or on order, and a person can remove the app."""
    tokens = acme.connects()
    acme.sim("POST", "/clock", advance_s=3601)
    assert acme.calls(tokens["access_token"]).status_code == 401
    tokens = acme.refreshes(tokens["refresh_token"])
    acme.sim("POST", "/expire", user="ada@example.com")
    assert acme.calls(tokens["access_token"]).status_code == 401
    acme.sim("POST", "/revoke", user="ada@example.com")
    acme.refreshes(tokens["refresh_token"], 400)


def test_scopes(acme: Actor) -> None:
    """A token opens what was granted: of what was asked for, what the switch lets a person grant."""
    tokens = acme.connects(scope="profile")
    assert acme.calls(tokens["access_token"], path="/v1/meetings").status_code == 403
    acme.sim("PATCH", "/switches", scopes=["profile"])
    assert acme.connects()["scope"] == "profile"
    assert acme.http.patch("/_sim/switches", json={"scopes": ["unheard-of"]}).status_code == 400


def test_a_grant_that_does_not_last_has_no_refresh_token() -> None:
    """A vendor that gives refresh tokens only on request is told apart by the query."""

    class Fleeting(Acme):
        def lasts(self, query: Any) -> bool:
            return query.get("access_type") == "offline"

    actor = Actor(Fleeting("http://localhost"))
    assert "refresh_token" not in actor.connects()
    assert "refresh_token" in actor.connects(access_type="offline")


def test_meetings_belong_to_who_made_them(acme: Actor) -> None:
    """A meeting is its maker's, lists show what exists, and a deleted one is gone."""
    token = acme.connects()["access_token"]
    made = acme.calls(token, "POST", "/v1/meetings", title="Talk").json
    assert [m["id"] for m in acme.calls(token, path="/v1/meetings").json["meetings"]] == [made["id"]]
    assert acme.calls(token, "PATCH", f"/v1/meetings/{made['id']}", title="Walk").json["title"] == "Walk"
    room = urlsplit(made["link"]).path
    assert "take place here" in acme.http.get(room).text
    assert made["id"] in acme.http.get("/").text
    assert acme.calls(token, "DELETE", f"/v1/meetings/{made['id']}").status_code == 204
    assert acme.calls(token, "DELETE", f"/v1/meetings/{made['id']}").status_code == 404
    assert "no such meeting" in acme.http.get(room).text
    assert acme.calls(token, "GET", "/v1/nowhere").status_code == 404
    assert acme.calls(token, "POST", "/v1/meetings", title=" ").status_code == 400
    assert acme.sim("GET", "/state")["meetings"][0]["deleted_at"]


def test_the_status_may_depend_on_what_is_found() -> None:
    """An operation answers with a status of its own where it returns one."""

    class Finder(Acme):
        @operation("GET", "/v1/found/<id>", "found", scope="profile")
        def found(self, call: Call, id: str) -> tuple[int, JSON]:
            return (200 if id == "old" else 201), {"id": id}

    actor = Actor(Finder("http://localhost:8001"))
    token = actor.connects()["access_token"]
    answers = [actor.calls(token, path=f"/v1/found/{id}") for id in ("old", "new")]
    assert [(answer.status_code, answer.json) for answer in answers] == [(200, {"id": "old"}), (201, {"id": "new"})]


def test_a_list_may_lag(acme: Actor, clock: Clock) -> None:
    """With the switch on, a new meeting is missing from lists for a while."""
    acme.sim("PATCH", "/switches", list_delay_s=30)
    token = acme.connects()["access_token"]
    acme.calls(token, "POST", "/v1/meetings", title="Talk")
    assert acme.calls(token, path="/v1/meetings").json["meetings"] == []
    clock.advance(seconds=31)
    assert len(acme.calls(token, path="/v1/meetings").json["meetings"]) == 1


def test_the_log_holds_calls_and_no_secrets(acme: Actor) -> None:
    """The log says who asked for what and how it ended; codes, tokens and secrets are neither in it nor in the state."""
    back = acme.allows()
    tokens = acme.exchanges(back["code"])
    acme.calls(tokens["access_token"], "POST", "/v1/meetings", title="Talk")
    log = acme.sim("GET", "/requests")["requests"]
    assert [entry["route"] for entry in log] == ["authorize", "token", "create"]
    assert log[-1] | {"n": 0, "at": ""} == log[-1] | {"user": "ada@example.com", "status": 201, "n": 0, "at": ""}
    assert log[-1]["body"] == {"title": "Talk"}
    assert acme.sim("GET", "/requests?route=token")["requests"] == [log[1]]
    said = json.dumps([log, acme.sim("GET", "/state")]) + acme.http.get("/").text
    for secret in (back["code"], tokens["access_token"], tokens["refresh_token"], *APP[1:], VERIFIER):
        assert secret not in said


def test_state_survives_a_restart(tmp_path: Path) -> None:
    """With a state file, people, tokens and meetings are there again, and the file holds no token."""
    file = tmp_path / "acme.json"
    first = Actor(Acme("http://localhost", state_file=str(file)))
    tokens = first.connects()
    first.calls(tokens["access_token"], "POST", "/v1/meetings", title="Talk")
    again = Actor(Acme("http://localhost", state_file=str(file)))
    assert len(again.calls(tokens["access_token"], path="/v1/meetings").json["meetings"]) == 1
    assert again.refreshes(tokens["refresh_token"])
    assert tokens["access_token"] not in file.read_text()
    again.sim("POST", "/reset")
    assert again.sim("GET", "/state")["meetings"] == []


def test_the_control_api_takes_json_only(acme: Actor) -> None:
    """A page of another site can't order faults: a POST must say that it is JSON. What is wrong is said."""
    assert acme.http.post("/_sim/reset", data={}).status_code == 400
    for method, path, body in (
        ("POST", "/faults", {"route": "nowhere", "kind": "500"}),
        ("POST", "/faults", {"route": "create", "kind": "odd"}),
        ("POST", "/faults", {"kind": "500"}),
        ("PATCH", "/switches", {"rotation": "sometimes"}),
        ("PATCH", "/switches", {"access_ttl_s": "long"}),
        ("PATCH", "/switches", {"unheard": 1}),
        ("POST", "/authorize", {"url": "http://localhost/?client_id=other"}),
    ):
        answer = acme.http.open(f"/_sim{path}", method=method, json=body)
        assert answer.status_code == 400, (path, body)
        assert answer.json["error"]
    assert acme.http.get("/_sim/nothing").status_code == 404
    assert acme.http.post("/oauth/token", data=b"x" * 2_000_000).status_code == 413


@pytest.fixture(name="vendor")
def _vendor() -> Iterator[Vendor]:
    with running(Acme) as found:
        yield found
        found.mends()


@pytest.mark.parametrize(
    ("kind", "outcome", "made"),
    [
        ("429_second", 429, 0),
        ("500", 500, 0),
        ("502", 502, 0),
        ("503", 503, 0),
        ("redirect", 302, 0),
        ("invalid_token", 401, 0),
        ("missing_scope", 403, 0),
        ("error", 418, 0),
        ("invalid_grant", 400, 0),
        ("reset_before", httpx2.TransportError, 0),
        ("latency", 201, 1),
        ("html", 200, 1),
        ("truncated", 201, 1),
        ("empty", 201, 1),
        ("without", 201, 1),
        ("slow_answer", 201, 1),
        ("reset_after", httpx2.TransportError, 1),
        ("cut", httpx2.TransportError, 1),
    ],
)
def test_faults(vendor: Vendor, kind: str, outcome: Any, made: int) -> None:
    """Each fault strikes before or after the work, as it says, once; the next call is as usual."""
    token = _token(vendor)
    vendor.control("POST", "/faults", route="create", kind=kind, status=418, name="link", seconds=0.01)

    def create() -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.post(f"{vendor.url}/v1/meetings", json={"title": "Talk"}, headers=headers, trust_env=False)

    if isinstance(outcome, int):
        answer = create()
        assert answer.status_code == outcome
        assert ("Retry-After" in answer.headers) == (kind == "429_second")
        if kind == "without":
            assert "link" not in answer.json()
    else:
        with pytest.raises(outcome):
            create()
    assert len(vendor.meetings()) == made
    assert create().status_code == 201
    assert len(vendor.meetings()) == made + 1


def test_faults_can_wait(vendor: Vendor) -> None:
    """A fault lets `skip` calls pass first, and hits `count` of them."""
    token = _token(vendor)
    vendor.control("POST", "/faults", route="user", kind="500", skip=1, count=2)
    headers = {"Authorization": f"Bearer {token}"}
    found = [httpx2.get(f"{vendor.url}/v1/me", headers=headers, trust_env=False).status_code for _ in range(4)]
    assert found == [200, 500, 500, 200]


def _token(vendor: Vendor) -> str:
    location = vendor.control("POST", "/authorize", url=f"{vendor.url}/oauth/authorize?{urlencode(QUERY)}")["location"]
    code = dict(parse_qsl(urlsplit(location).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    answer = httpx2.post(f"{vendor.url}/oauth/token", data=form, auth=APP, trust_env=False)
    return str(answer.json()["access_token"])


def test_people_can_be_added(acme: Actor) -> None:
    """A test adds a person, who can then connect; ids are the same after a restart."""
    acme.sim("POST", "/users", email="Eve@example.com", name="Eve")
    address = f"http://localhost/oauth/authorize?{urlencode(QUERY)}"
    location = acme.sim("POST", "/authorize", url=address, user="eve@example.com")["location"]
    token = acme.exchanges(dict(parse_qsl(urlsplit(location).query))["code"])["access_token"]
    assert acme.calls(token).json["email"] == "eve@example.com"
    acme.sim("POST", "/users", email="eve@example.com", active=False)
    assert acme.calls(token).status_code == 401
    assert acme.http.post("/_sim/authorize", json={"url": address, "user": "nobody@example.com"}).status_code == 404
    again = Acme("http://localhost")
    assert {user.id for user in again.state.data.users.values()} <= {
        user["id"] for user in acme.sim("GET", "/state")["users"]
    }
