"""Connecting: the pages a user sees, the token endpoint, rotation, and what ends a grant."""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.sandbox.driver import CALLBACK, CLIENT, Browser, Driver

VERIFIER = "a-verifier-that-is-long-enough-to-be-one-1234567890"
QUERY = {"response_type": "code", "client_id": CLIENT[0], "redirect_uri": CALLBACK, "state": "s/t+a=te"}
INVALID = {"reason": "Invalid Token!", "error": "invalid_grant"}
BAD_CODE = {"reason": "Invalid authorization code", "error": "invalid_grant"}


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def test_a_person_signs_in_reads_the_permissions_and_allows(zoom: Driver) -> None:
    """You'll be redirected to Zoom's authorization page; sign in if prompted; review the permissions; click Allow."""
    browser = Browser(zoom.url)
    page = browser.get("/oauth/authorize", params=QUERY)
    assert "Simulated Zoom — not zoom.us" in page.text
    ada = zoom.sandbox.find_user("ada@example.com")
    assert ada
    browser.submit("/signin", user=ada.id)
    page = browser.follow()
    for words in (
        "Scheduling Hub",
        "Create meetings",
        "Update your meetings",
        "Delete your meetings",
        "ada@example.com",
    ):
        assert words in page.text
    answer = browser.submit("/oauth/authorize", decision="allow")
    assert answer.status_code == 302
    location = urlsplit(answer.headers["location"])
    query = dict(parse_qsl(location.query))
    assert f"{location.scheme}://{location.netloc}{location.path}" == CALLBACK
    assert query["state"] == "s/t+a=te"
    assert len(query["code"]) == 32
    tokens = zoom.exchange(query["code"]).json()
    assert zoom.api(tokens["access_token"], "GET", "/users/me").json()["email"] == "ada@example.com"


def test_a_person_declines(zoom: Driver) -> None:
    """Decline leads back with error=access_denied and the state, and grants nothing."""
    browser = Browser(zoom.url)
    browser.get("/oauth/authorize", params=QUERY)
    browser.submit("/signin", user="grace@example.com")
    browser.follow()
    answer = browser.submit("/oauth/authorize", decision="decline")
    assert dict(parse_qsl(urlsplit(answer.headers["location"]).query)) == {
        "error": "access_denied",
        "state": "s/t+a=te",
    }
    assert not zoom.sandbox.data.codes


def test_another_person_can_sign_up(zoom: Driver) -> None:
    """A person without a simulated account makes one on the sign-in page and goes on to the consent page."""
    browser = Browser(zoom.url)
    browser.get("/oauth/authorize", params=QUERY)
    browser.submit("/signin", name="Alan Turing", email="Alan@example.com", plan="pro")
    assert "Alan Turing" in browser.follow().text
    assert zoom.state()["users"][-1]["plan"] == "Pro"


def test_a_forged_form_is_refused(zoom: Driver) -> None:
    """A form without this browser's CSRF token changes nothing."""
    browser = Browser(zoom.url)
    browser.get("/oauth/authorize", params=QUERY)
    assert browser.submit("/signin", user="ada@example.com", csrf="forged").status_code == 400
    assert zoom.http.post("/oauth/authorize", params=QUERY, data={"decision": "allow"}).status_code == 400


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb"])
def test_sign_in_leads_nowhere_else(zoom: Driver, path: str) -> None:
    """The page to return to after signing in can't be on another site."""
    browser = Browser(zoom.url)
    browser.get("/oauth/authorize", params=QUERY)
    answer = browser.submit("/signin", user="ada@example.com", next=path)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": "other"}, "Invalid client_id: other (4,702)"),
        ({"redirect_uri": "https://evil.example/cb"}, "Invalid redirect: https://evil.example/cb (4,700)"),
        ({"response_type": "token"}, "Invalid request (4,700)"),
    ],
)
def test_errors_of_the_app_are_shown_by_zoom(zoom: Driver, change: dict[str, str], words: str) -> None:
    """A wrong client or redirect is a page at Zoom: the app never hears of it."""
    answer = zoom.http.get("/oauth/authorize", params=QUERY | change)
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert words in answer.text


def test_a_wrong_redirect_in_json(zoom: Driver) -> None:
    """Who accepts JSON gets the error as JSON."""
    params = QUERY | {"redirect_uri": "https://evil.example/cb"}
    answer = zoom.http.get("/oauth/authorize", params=params, headers={"Accept": "application/json"})
    assert answer.json() == {"status": False, "errorCode": 4700, "errorMessage": "Invalid redirect url", "result": None}


def test_redirects_are_exact_once_listed(zoom: Driver) -> None:
    """With a list, only a listed address passes, to the letter; loopback is no exception any more."""
    zoom.sim("PATCH", "/app", {"redirect_uris": ["https://hub.example/cb"]})
    for target, status in (("https://hub.example/cb", 200), ("https://hub.example/cb/", 400), (CALLBACK, 400)):
        answer = zoom.http.get("/oauth/authorize", params=QUERY | {"redirect_uri": target})
        assert answer.status_code == status


def test_an_app_awaiting_approval_or_disabled(zoom: Driver) -> None:
    """An admin who did not approve the app, or a developer who disabled it, means no consent page."""
    zoom.sim("PATCH", "/switches", {"preapproval_required": True})
    browser = Browser(zoom.url)
    browser.get("/oauth/authorize", params=QUERY)
    browser.submit("/signin", user="ada@example.com")
    assert "must be approved" in browser.follow().text
    zoom.sim("PATCH", "/app", {"disabled": True})
    assert "Invalid client_id (4,700)" in browser.get("/oauth/authorize", params=QUERY).text


def test_the_token_answer(zoom: Driver) -> None:
    """A pair of long opaque tokens, the granted scopes, and no cache."""
    answer = zoom.exchange(zoom.authorize()["code"])
    body = answer.json()
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert answer.headers["cache-control"] == "no-store"
    assert list(body) == ["access_token", "token_type", "refresh_token", "expires_in", "scope", "api_url"]
    assert min(len(body["access_token"]), len(body["refresh_token"])) >= 600
    assert body["access_token"].startswith("eyJ")
    assert (body["token_type"], body["expires_in"], body["api_url"]) == ("bearer", 3599, zoom.url)
    assert body["scope"] == "meeting:delete:meeting meeting:update:meeting meeting:write:meeting user:read:user"


def test_a_code_serves_once_for_five_minutes(zoom: Driver) -> None:
    """A used, an expired and an unknown code are refused alike."""
    code = zoom.authorize()["code"]
    assert zoom.exchange(code).status_code == 200
    assert zoom.exchange(code).json() == BAD_CODE
    late = zoom.authorize()["code"]
    zoom.clock.advance(seconds=300)
    assert zoom.exchange(late).json() == BAD_CODE
    assert zoom.exchange("made-up").json() == BAD_CODE


def test_pkce(zoom: Driver) -> None:
    """With a challenge, only the right verifier redeems the code: S256 and plain, and a wrong try does not spend it."""
    wrong = {"reason": "Invalid code verifier", "error": "invalid_grant"}
    code = zoom.authorize(code_challenge=challenge(), code_challenge_method="S256")["code"]
    assert zoom.exchange(code).json() == wrong
    assert zoom.exchange(code, code_verifier=VERIFIER + "x").json() == wrong
    assert zoom.exchange(code, code_verifier=challenge()).json() == wrong
    assert zoom.exchange(code, code_verifier=VERIFIER).status_code == 200
    plain = zoom.authorize(code_challenge="plain-" * 8)["code"]
    assert zoom.exchange(plain, code_verifier="plain-" * 8).status_code == 200


def test_a_client_without_a_secret_needs_pkce(zoom: Driver) -> None:
    """A public client names itself in the form and proves itself with the verifier."""
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "client_id": CLIENT[0]}
    bare = zoom.authorize()["code"]
    assert zoom.token(auth=None, code=bare, **form).json()["error"] == "invalid_client"
    code = zoom.authorize(code_challenge=challenge(), code_challenge_method="S256")["code"]
    assert zoom.token(auth=None, code=code, code_verifier=VERIFIER, **form).status_code == 200


def test_refresh_rotates(zoom: Driver) -> None:
    """Each refresh returns a new pair; the old refresh token is refused, the old access token lives on."""
    first = zoom.connect()
    second = zoom.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert zoom.refresh(first["refresh_token"]).json() == INVALID
    assert zoom.api(first["access_token"], "GET", "/users/me").status_code == 200
    assert zoom.refresh(second["refresh_token"]).status_code == 200


def test_of_many_refreshes_at_once_one_works(zoom: Driver) -> None:
    """Strictly rotating, a refresh token is worth one pair however many ask at the same time (row 18)."""
    tokens = zoom.connect()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: zoom.refresh(tokens["refresh_token"]).status_code, range(16)))
    assert sorted(statuses) == [200] + [400] * 15


def test_refresh_modes(zoom: Driver) -> None:
    """Three modes: a grace time, access tokens that die with the refresh, reuse that ends the grant."""
    zoom.sim("PATCH", "/switches", {"grace_s": 30, "kill_old_access": True})
    first = zoom.connect()
    zoom.refresh(first["refresh_token"])
    assert zoom.api(first["access_token"], "GET", "/users/me").status_code == 401
    zoom.clock.advance(seconds=29)
    assert zoom.refresh(first["refresh_token"]).status_code == 200
    zoom.clock.advance(seconds=1)
    assert zoom.refresh(first["refresh_token"]).json() == INVALID
    zoom.sim("PATCH", "/switches", {"grace_s": 0, "reuse_revokes_family": True})
    first = zoom.connect()
    second = zoom.refresh(first["refresh_token"]).json()
    assert zoom.refresh(first["refresh_token"]).json() == INVALID
    assert zoom.refresh(second["refresh_token"]).json() == INVALID


def test_lives_of_tokens(zoom: Driver) -> None:
    """An access token lives an hour and says so when it is over, a refresh token ninety days."""
    tokens = zoom.connect()
    zoom.clock.advance(seconds=3600)
    answer = zoom.api(tokens["access_token"], "GET", "/users/me")
    assert (answer.status_code, answer.json()) == (401, {"code": 124, "message": "Access token is expired."})
    zoom.clock.advance(days=90)
    assert zoom.refresh(tokens["refresh_token"]).json() == INVALID


def test_a_new_authorization_ends_the_one_before(zoom: Driver) -> None:
    """The same user authorizing the app again kills the earlier tokens (4741); another user's stay."""
    grace = zoom.connect("grace@example.com")
    first = zoom.connect()
    second = zoom.connect()
    assert zoom.api(first["access_token"], "GET", "/users/me").json() == {
        "code": 124,
        "message": "Invalid access token.",
    }
    assert zoom.refresh(first["refresh_token"]).json() == INVALID
    for tokens in (second, grace):
        assert zoom.api(tokens["access_token"], "GET", "/users/me").status_code == 200


def test_granted_scopes_stay_until_the_user_consents_again(zoom: Driver) -> None:
    """Scopes live in the app: a token keeps those of its consent, also through a refresh."""
    tokens = zoom.connect()
    zoom.sim("PATCH", "/switches", {"scopes": ["user:read:user"]})
    assert "meeting:write:meeting" in zoom.refresh(tokens["refresh_token"]).json()["scope"]
    assert zoom.connect()["scope"] == "user:read:user"


def test_revoke_is_uninstalling(zoom: Driver) -> None:
    """Revoking the access token ends the whole grant; doing it twice is refused."""
    tokens = zoom.connect()
    form = {"token": tokens["access_token"]}
    answer = zoom.http.post("/oauth/revoke", data=form, auth=CLIENT)
    assert (answer.status_code, answer.json()) == (200, {"status": "success"})
    assert zoom.refresh(tokens["refresh_token"]).json() == INVALID
    again = zoom.http.post("/oauth/revoke", data=form, auth=CLIENT)
    assert (again.status_code, again.json()) == (400, {"reason": "Invalid Token!", "error": "invalid_request"})


def test_the_marketplace_adds_without_a_state_and_removes(zoom: Driver) -> None:
    """Added from the Marketplace, the app gets a code without a state; Uninstall asks, then kills the tokens."""
    zoom.sim("PATCH", "/app", {"redirect_uris": [CALLBACK]})
    browser = Browser(zoom.url)
    page = browser.get(f"/marketplace/{CLIENT[0]}")
    add = page.text.split('class="button primary" href="')[1].split('"')[0].replace("&amp;", "&")
    browser.get(add)
    browser.submit("/signin", user="ada@example.com")
    browser.follow()
    location = browser.submit("/oauth/authorize", decision="allow").headers["location"]
    query = dict(parse_qsl(urlsplit(location).query))
    assert list(query) == ["code"]
    tokens = zoom.exchange(query["code"]).json()
    assert "Uninstall" in browser.get("/marketplace/installed").text
    assert "Uninstall Scheduling Hub?" in browser.get("/marketplace/installed/uninstall").text
    assert zoom.api(tokens["access_token"], "GET", "/users/me").status_code == 200
    browser.submit("/marketplace/installed")
    assert "No app is installed" in browser.follow().text
    assert zoom.refresh(tokens["refresh_token"]).json() == INVALID


def test_server_to_server_only_when_switched_on(zoom: Driver) -> None:
    """account_credentials gives an access token without a refresh token, and only on demand."""
    form = {"grant_type": "account_credentials", "account_id": zoom.state()["users"][0]["account_id"]}
    assert zoom.token(**form).json()["error"] == "unsupported_grant_type"
    zoom.sim("PATCH", "/switches", {"account_credentials": True})
    answer = zoom.token(**form).json()
    assert "refresh_token" not in answer
    assert zoom.api(answer["access_token"], "GET", "/users/me").json()["email"] == "ada@example.com"
