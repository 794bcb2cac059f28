"""What Webex, Teams and Google Meet are sent, and what is read of their answers, as their references print them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub import Account, DialIn, Location, MeetingRequest, MissingScopes, Person, Reply, Temporary
from plugins import googlemeet, teams, webex
from tests.support.wire import Wire

REQUEST = MeetingRequest(
    ref="5f5f",
    title="Intro call",
    starts_at=datetime(2026, 12, 3, 14, 0, tzinfo=ZoneInfo("Europe/Vienna")),
    minutes=30,
    timezone="Europe/Vienna",
    host=Person("Ada", "ada@example.com"),
    invitee=Person("Bob", "bob@example.com"),
    location=Location("webex"),
)
LATER = replace(REQUEST, starts_at=datetime(2026, 12, 4, 14, 0, tzinfo=ZoneInfo("Europe/Vienna")))
SENT = {
    "title": "Intro call",
    "start": "2026-12-03T13:00:00Z",
    "end": "2026-12-03T13:30:00Z",
    "timezone": "Europe/Vienna",
}
# The members of a meeting as Webex's reference names them.
WEBEX: dict[str, Any] = {
    "id": "dfb45ece33264639a7bc3dd9535d53f7_I_123456",
    "meetingNumber": "123456789",
    "title": "Intro call",
    "password": "BgJep@43",
    "phoneAndVideoSystemPassword": "12345678",
    "hostKey": "123456",
    "webLink": "https://example.webex.com/example/j.php?MTID=m1",
    "sipAddress": "123456789@example.webex.com",
    "integrationTags": ["5f5f"],
    "telephony": {
        "accessCode": "123 456 789",
        "callInNumbers": [
            {"label": "US Toll", "callInNumber": "+1-202-555-0123", "tollType": "toll"},
            {"label": "US Toll", "callInNumber": "+1-202-555-0123", "tollType": "toll"},
            {"label": "Broken", "callInNumber": None},
        ],
    },
}
# As Graph's reference prints an onlineMeeting.
TEAMS: dict[str, Any] = {
    "id": "MSpkYzE3Njc0Yy04MWQ5=/x",
    "joinWebUrl": "https://teams.microsoft.com/l/meetup-join/19%3ameeting",
    "subject": "Intro call",
    "audioConferencing": {"tollNumber": "+12025550123", "tollFreeNumber": "", "conferenceId": "2425999"},
    "joinMeetingIdSettings": {"isPasscodeRequired": True, "joinMeetingId": "1234567890", "passcode": "kqUJLh"},
}
# As Meet's reference names a Space.
SPACE: dict[str, Any] = {
    "name": "spaces/jQCFfuBOdN5z",
    "meetingUri": "https://meet.google.com/abc-mnop-xyz",
    "meetingCode": "abc-mnop-xyz",
    "phoneAccess": [{"phoneNumber": "+12025550123", "pin": "123456789", "regionCode": "US", "languageCode": "en"}],
}
RUBBISH = (None, [], "", 5, {}, {"id": 5}, {"name": None}, {"error": {"message": "no"}})


def test_webex_makes_and_reads() -> None:
    """One request makes the meeting, with the tag and without Webex's own mails; the host key is kept nowhere."""
    wire = Wire(WEBEX)
    meeting = webex.create_meeting(REQUEST, wire)
    assert wire.sent == [("POST", "/meetings", {**SENT, "sendEmail": False, "integrationTags": ["5f5f"]})]
    assert (meeting.external_id, meeting.join_url, meeting.passcode) == (WEBEX["id"], WEBEX["webLink"], "BgJep@43")
    assert meeting.dial_in == (DialIn("+1-202-555-0123", label="US Toll", tap="tel:+12025550123,,123456789#"),)
    assert (meeting.dial_in_id, meeting.dial_in_passcode) == ("123 456 789", "12345678")
    assert "123456" not in (meeting.where, meeting.passcode, *meeting.data.values())
    assert meeting.data == SENT


def test_webex_without_telephones() -> None:
    """A site without dial-in gives a link and a passcode, and nothing to type."""
    meeting = webex.create_meeting(REQUEST, Wire({**WEBEX, "telephony": None}))
    assert (meeting.dial_in, meeting.dial_in_id, meeting.dial_in_passcode) == ((), "", "")


def test_webex_moves_and_deletes() -> None:
    """A move sends what is wanted, the same again sends nothing, and a delete asks for no mail."""
    wire = Wire(WEBEX)
    meeting = webex.create_meeting(REQUEST, wire)
    assert webex.update_meeting(REQUEST, meeting, wire) == meeting
    moved = webex.update_meeting(LATER, meeting, wire)
    webex.delete_meeting(moved, wire)
    later = {**SENT, "start": "2026-12-04T13:00:00Z", "end": "2026-12-04T13:30:00Z"}
    assert wire.sent[1:] == [
        ("PATCH", f"/meetings/{WEBEX['id']}", {**later, "sendEmail": False}),
        ("DELETE", f"/meetings/{WEBEX['id']}", {"sendEmail": "false"}),
    ]
    assert moved.data == later


@pytest.mark.parametrize(
    ("minutes", "end"), [(1, "03T13:10"), (10, "03T13:10"), (15, "03T13:15"), (1439, "04T12:59"), (1440, "04T12:59")]
)
def test_webex_bounds(minutes: int, end: str) -> None:
    """Webex has no meeting under ten minutes or of a whole day, and no title over 128 characters."""
    wire = Wire(WEBEX)
    webex.create_meeting(replace(REQUEST, minutes=minutes, title=" x\n" * 200), wire)
    body = wire.sent[0][2]
    assert body["end"] == f"2026-12-{end}:00Z"
    assert len(body["title"]) == 128


def test_webex_finds_by_tag() -> None:
    """Of what is listed a month either side only what carries the tag counts; of several always the same one."""
    other, twin = {**WEBEX, "integrationTags": ["other"]}, {**WEBEX, "id": "a-twin"}
    for items in ([other, WEBEX, twin], [twin, other, WEBEX]):
        wire = Wire({"items": items})
        found = webex.find_meeting(REQUEST, wire)
        assert found
        assert found.external_id == "a-twin"
        asked = wire.sent[0][2]
        assert (asked["integrationTag"], asked["from"], asked["to"]) == (
            "5f5f",
            "2026-11-02T13:00:00Z",
            "2027-01-03T13:00:00Z",
        )
        assert wire.sent[1] == ("PATCH", "/meetings/a-twin", {**SENT, "sendEmail": False})


@pytest.mark.parametrize("tags", [None, 5, "5f5f", {"5f5f": 1}, [], [7], ["other"]])
def test_webex_without_our_tag(tags: Any) -> None:
    """Whatever the list holds in the tags' place, only our own tag in a list counts."""
    assert webex.find_meeting(REQUEST, Wire({"items": [{**WEBEX, "integrationTags": tags}]})) is None


@pytest.mark.parametrize("data", [None, [], {}, {"items": None}, {"items": {}}])
def test_webex_list_that_can_not_be_read(data: Any) -> None:
    """A list that is none must not look like one without our meeting."""
    with pytest.raises(Temporary):
        webex.find_meeting(REQUEST, Wire(data))


def test_teams_makes_or_gets() -> None:
    """The marker is the external id, so that asking twice makes one meeting; an id is one segment of the path."""
    wire = Wire(TEAMS, TEAMS)
    meeting = teams.create_meeting(REQUEST, wire)
    body = {"subject": "Intro call", "startDateTime": "2026-12-03T13:00:00Z", "endDateTime": "2026-12-03T13:30:00Z"}
    assert wire.sent == [("POST", "/me/onlineMeetings/createOrGet", {**body, "externalId": "5f5f"})]
    assert meeting.dial_in == (DialIn("+12025550123", tap="tel:+12025550123,,2425999#"),)
    assert (meeting.dial_in_id, meeting.passcode, meeting.join_url) == ("2425999", "kqUJLh", TEAMS["joinWebUrl"])
    assert teams.find_meeting(REQUEST, wire) == meeting
    assert wire.sent[1:] == [
        ("POST", "/me/onlineMeetings/createOrGet", {**body, "externalId": "5f5f"}),
        ("PATCH", "/me/onlineMeetings/MSpkYzE3Njc0Yy04MWQ5%3D%2Fx", body),
    ]


def test_teams_numbers() -> None:
    """The lists of numbers count, and the single numbers that they replace; each number once."""
    audio = {
        "conferenceId": "242 5999",
        "tollNumber": "+1 202-555-0123",
        "tollNumbers": ["+12025550123", "+43720555123", None],
        "tollFreeNumbers": ["+18005550100"],
    }
    meeting = teams.create_meeting(REQUEST, Wire({**TEAMS, "audioConferencing": audio}))
    assert [(number.number, number.label) for number in meeting.dial_in] == [
        ("+1 202-555-0123", ""),
        ("+43720555123", ""),
        ("+18005550100", "toll-free"),
    ]
    assert meeting.dial_in_id == "242 5999"


def test_teams_moves() -> None:
    """A move sends the new time; the same again sends nothing."""
    wire = Wire(TEAMS)
    meeting = teams.create_meeting(REQUEST, wire)
    assert teams.update_meeting(REQUEST, meeting, wire) is meeting
    assert teams.update_meeting(LATER, meeting, wire).data["startDateTime"] == "2026-12-04T13:00:00Z"
    assert [call[0] for call in wire.sent] == ["POST", "PATCH"]


def test_meet_makes_a_space() -> None:
    """A space has no time: it is made empty, its numbers come with a pin each, and a move sends nothing."""
    wire = Wire(SPACE)
    meeting = googlemeet.create_meeting(wire)
    assert wire.sent == [("POST", "/spaces", {})]
    assert (meeting.external_id, meeting.join_url) == ("jQCFfuBOdN5z", SPACE["meetingUri"])
    assert meeting.dial_in == (
        DialIn("+12025550123", country="US", label="PIN 123456789", tap="tel:+12025550123,,123456789#"),
    )
    assert googlemeet.update_meeting(meeting) is meeting


@pytest.mark.parametrize("data", RUBBISH)
def test_answers_without_a_meeting(data: Any) -> None:
    """An answer of success without a meeting leaves open whether there is one, at each vendor."""
    for make in (
        lambda wire: webex.create_meeting(REQUEST, wire),
        lambda wire: teams.create_meeting(REQUEST, wire),
        googlemeet.create_meeting,
    ):
        with pytest.raises(Temporary) as caught:
            make(Wire(data))
        assert not caught.value.outcome_known


@pytest.mark.parametrize(
    ("plugin", "said", "account"),
    [
        (webex, {"id": "p1", "emails": ["a@example.com", "b@example.com"]}, Account("p1", "a@example.com")),
        (webex, {"id": "p1", "emails": [], "displayName": "Ada"}, Account("p1", "Ada")),
        (teams, {"id": "u1", "mail": None, "userPrincipalName": "a@example.com"}, Account("u1", "a@example.com")),
        (teams, {"id": "u1"}, Account("u1", "u1")),
        (googlemeet, {"sub": "s1", "email": "a@example.com"}, Account("s1", "a@example.com")),
    ],
)
def test_whose_account(plugin: Any, said: Any, account: Account) -> None:
    """An account is known by the vendor's own id, and shown by its address where there is one."""
    assert plugin.connect_account(Wire(said)) == account


@pytest.mark.parametrize("plugin", [webex, teams, googlemeet])
@pytest.mark.parametrize("said", RUBBISH)
def test_nobodys_account(plugin: Any, said: Any) -> None:
    """A vendor that does not say whose account it is connects nobody."""
    with pytest.raises(Temporary):
        plugin.connect_account(Wire(said))


@pytest.mark.parametrize(
    ("plugin", "status", "data", "missing"),
    [
        (webex, 403, {"message": "The access token is missing required scopes or the user is missing roles."}, True),
        (webex, 403, {"message": "Other"}, False),
        (webex, 400, {"message": "missing required scopes"}, False),
        (teams, 403, {"error": {"code": "Forbidden", "message": "x"}}, True),
        (teams, 403, {"error": {"code": "Authorization_RequestDenied"}}, True),
        (teams, 403, {"error": {"code": "accessDenied"}}, True),
        (teams, 403, {"error": "text"}, False),
        (googlemeet, 403, {"error": {"details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}, True),
        (googlemeet, 403, {"error": {"details": [7, {"reason": "OTHER"}]}}, False),
        *((plugin, 403, rubbish, False) for plugin in (webex, teams, googlemeet) for rubbish in RUBBISH),
    ],
)
def test_permission_that_is_missing(plugin: Any, status: int, data: Any, missing: bool) -> None:
    """Each vendor has its own way to say that a permission is missing; everything else is left to the core."""
    read = plugin.location_provider().oauth.read_error(Reply(status, {}, data, ""))
    assert isinstance(read, MissingScopes) if missing else read is None
