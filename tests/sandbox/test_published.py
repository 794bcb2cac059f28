"""Webex, Microsoft Teams and Google Meet: what the plugin sends and what the stand-in answers is as the vendor says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator

from hub import providers
from hub.errors import ConnectionLost, MeetingGone, MissingScopes, Rejected
from hub.testing import samples
from hub.testing.calls import Hooks
from hub.testing.vendor import Vendor, connected, running
from hub.values import Meeting, MeetingRequest
from tests.sandbox.published import Exchange, Recorder, Table

KEYS = ("webex", "teams", "googlemeet")
# What the hub allows at most and at least of a booking.
EXTREMES: tuple[dict[str, Any], ...] = ({"minutes": 1, "title": "Ä" * 500}, {"minutes": 1440, "title": " \n"})
JUNK = 1.5  # no member of any of these vendors is a number with a fraction


@dataclass(frozen=True)
class Talk:
    """A connected plugin, its vendor, and what they have said to each other."""

    table: Table
    vendor: Vendor
    hooks: Hooks
    request: MeetingRequest
    heard: list[Exchange]

    def can(self, hook: str) -> bool:
        """Say whether the plugin has a hook."""
        return self.hooks.provider.can(hook)


@contextmanager
def talking(key: str, folder: Path) -> Iterator[Talk]:
    registry = providers.load()
    provider = registry.get(key)
    assert provider
    recorders: list[Recorder] = []

    def make(url: str) -> Recorder:
        recorders.append(Recorder(provider.sandbox_app(url)))
        return recorders[-1]

    with running(make) as vendor, connected(registry, provider, vendor, folder) as api:
        request = samples.request(provider, samples.locations(provider)[0])
        hooks = Hooks(provider, api, samples.settings(provider))
        yield Talk(Table(key), vendor, hooks, request, recorders[0].heard)


@pytest.fixture(name="talk", params=KEYS)
def _talk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Talk]:
    with talking(request.param, tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Exchange]]:
    """All that is said at each vendor while a meeting is made, moved, found and deleted."""
    found = {}
    for key in KEYS:
        with talking(key, tmp_path_factory.mktemp(key)) as talk:
            live(talk)
            found[key] = talk.heard
    return found


def live(talk: Talk) -> None:
    """Let a meeting be made, moved, found and deleted, with a token that runs out on the way."""
    hooks, request = talk.hooks, talk.request
    hooks.account()
    for extreme in EXTREMES:
        hooks.create(replace(request, ref=f"ref{extreme['minutes']}", **extreme))
    meeting = hooks.create(request)
    later = replace(request, starts_at=request.starts_at + timedelta(days=1))
    hooks.update(later, meeting)
    if talk.can("find_meeting"):
        assert hooks.find(later)
    talk.vendor.control("POST", "/clock", advance_s=7200)
    hooks.create(replace(request, ref="later"))
    if talk.can("delete_meeting"):
        hooks.delete(meeting)


@pytest.mark.parametrize("key", KEYS)
def test_every_exchange(lives: dict[str, list[Exchange]], key: str) -> None:
    """Connecting, making, moving, finding, deleting and refreshing differ nowhere, and each operation was used."""
    table, heard = Table(key), lives[key]
    assert [(table.name_of(one), wrong) for one in heard if (wrong := table.differences(one))] == []
    assert {table.name_of(one) for one in heard} == set(table.data["operations"])
    assert {one.sent["grant_type"] for one in heard if table.name_of(one) == "token"} == {
        "authorization_code",
        "refresh_token",
    }


def test_making_twice(lives: dict[str, list[Exchange]]) -> None:
    """Graph tells a new meeting from one that was there by the status."""
    table = Table("teams")
    made = [one for one in lives["teams"] if table.name_of(one) == "create" and one.status < 300]
    assert [one.status for one in made] == [201, 201, 201, 200, 201]


def test_refusals(talk: Talk) -> None:
    """A missing scope, a token that is no more, a meeting that is no more and a wrong body are refused as published."""
    hooks, table = talk.hooks, talk.table
    oauth = hooks.provider.oauth
    assert oauth
    create = table.data["operations"]["create"]["path"].removeprefix(urlsplit(oauth.api_url).path)
    talk.vendor.control("POST", "/faults", route="create", kind="missing_scope")
    with pytest.raises(MissingScopes):
        hooks.create(talk.request)
    with pytest.raises(Rejected):
        hooks.api.post(create, json={"colour": "red"})
    seen = {400, 401, 403}
    if talk.can("delete_meeting"):
        seen.add(404)
        gone = Meeting("Gone", external_id="no-such-id", join_url="https://example.com/")
        with pytest.raises(MeetingGone):
            hooks.provider.delete_meeting(gone, hooks.api, hooks.settings)
    talk.vendor.control("POST", "/faults", route="create", kind="invalid_token", count=None)
    with pytest.raises(ConnectionLost):
        hooks.create(talk.request)
    refused = [one for one in talk.heard if one.status >= 400]
    assert [table.answered(one) for one in refused] == [[] for _ in refused]
    assert {one.status for one in refused} == seen


def deviations(one: Exchange) -> Iterator[tuple[str, Exchange]]:
    """Yield exchanges that each differ in one thing from a good one."""
    yield "another method", replace(one, method="PUT")
    yield "another path", replace(one, path=f"{one.path}/more")
    yield "another status", replace(one, status=299)
    yield "a query that is not known", replace(one, query={**one.query, "colour": "red"})
    yield "no body, or one that is not taken", replace(one, sent={"colour": "red"} if one.sent is None else None)
    yield "no answer, or one that is not given", replace(one, answer={"colour": "red"} if one.answer is None else None)
    if one.sent is not None:
        yield "another media type", replace(one, media="text/plain")
    for name in one.sent or ():
        yield f"{name} of another kind", replace(one, sent={**one.sent, name: JUNK})
    for name in one.answer or ():
        yield f"{name} of another kind in the answer", replace(one, answer={**one.answer, name: JUNK})
    for part in ("sent", "answer"):
        if getattr(one, part) is not None:
            yield f"one more member in {part}", replace(one, **{part: {**getattr(one, part), "colour": "red"}})


@pytest.mark.parametrize("key", KEYS)
def test_deviations(lives: dict[str, list[Exchange]], key: str) -> None:
    """Whatever is changed of a good exchange, it is noticed."""
    table = Table(key)
    changed = [(table.name_of(one), what, other) for one in lives[key] for what, other in deviations(one)]
    assert len(changed) > len(lives[key]) * 6
    assert [(name, what) for name, what, other in changed if not table.differences(other)] == []


SENT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("webex", "create", {"title": "x" * 129}),
    ("webex", "create", {"title": ""}),
    ("webex", "create", {"end": None}),
    ("webex", "create", {"start": "tomorrow"}),
    ("webex", "create", {"start": "2026-12-02T10:00:00Z", "end": "2026-12-02T10:09:00Z"}),
    ("webex", "update", {"start": "2026-12-02T10:00:00Z", "end": "2026-12-03T10:00:00Z"}),
    ("webex", "create", {"integrationTags": ["a", "b", "c", "d"]}),
    ("webex", "create", {"integrationTags": ["x" * 65]}),
    ("webex", "token", {"code": None}),
    ("teams", "create", {"externalId": None}),
    ("teams", "create", {"startDateTime": None}),
    ("teams", "update", {"endDateTime": None}),
    ("teams", "update", {"externalId": "x"}),
    ("teams", "create", {"startDateTime": "2026-12-02T10:00:00Z", "endDateTime": "2026-12-02T09:00:00Z"}),
    ("teams", "token", {"code_verifier": None}),
    ("googlemeet", "create", {"config": {"accessType": "ACCESS_TYPE_UNSPECIFIED"}}),
    ("googlemeet", "create", {"config": {"startTime": "2026-12-02T10:00:00Z"}}),
    ("googlemeet", "token", {"redirect_uri": None}),
)
ANSWERED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("webex", "create", {"hostEmail": None}),
    ("webex", "create", {"phoneAndVideoSystemPassword": "427600"}),
    ("webex", "create", {"state": "waiting"}),
    ("webex", "update", {"enabledBreakoutSessions": None}),
    ("webex", "create", {"telephony": {"accessCode": "1", "callInNumbers": [{"callInNumber": "2"}]}}),
    ("webex", "list", {"items": None}),
    ("webex", "user", {"emails": ["nobody"]}),
    ("teams", "create", {"joinWebUrl": None}),
    ("teams", "create", {"startDateTime": "2026-12-02T10:00:00+01:00"}),
    ("teams", "create", {"audioConferencing": {"tollNumbers": "+12025550145"}}),
    ("teams", "create", {"joinMeetingIdSettings": {"pin": "1"}}),
    ("teams", "user", {"userPrincipalName": None}),
    ("googlemeet", "create", {"name": "conferenceRecords/x"}),
    ("googlemeet", "create", {"meetingCode": "ABC-1234"}),
    ("googlemeet", "create", {"phoneAccess": [{"phoneNumber": "+1 202-555-0167", "pin": "1"}]}),
    ("googlemeet", "create", {"phoneAccess": [{"phoneNumber": "+12025550167", "pin": "12 34"}]}),
    ("googlemeet", "user", {"sub": None}),
    ("googlemeet", "token", {"token_type": "mac"}),
)


@pytest.mark.parametrize(
    ("key", "operation", "part", "change"),
    [*((k, o, "sent", c) for k, o, c in SENT), *((k, o, "answer", c) for k, o, c in ANSWERED)],
)
def test_planted(lives: dict[str, list[Exchange]], key: str, operation: str, part: str, change: dict[str, Any]) -> None:
    """Limits, enums, formats and required members (None: left out) are kept watch over, one by one."""
    table = Table(key)
    good = next(one for one in lives[key] if table.name_of(one) == operation and one.status < 300)
    members = {name: value for name, value in {**getattr(good, part), **change}.items() if value is not None}
    assert table.differences(replace(good, **{part: members})) != []


@pytest.mark.parametrize("key", KEYS)
def test_tables(key: str) -> None:
    """A table says where its facts were read and when, what is not confirmed, and its schemas are schemas."""
    table = Table(key)
    assert date.fromisoformat(table.data["read"]) >= date(2026, 11, 25)
    assert table.data["sources"]
    assert all(source.startswith("https://") for source in table.data["sources"])
    assert table.data["unconfirmed"]
    for schema in table.schemas():
        Draft202012Validator.check_schema(schema)
