"""What goes to Zoom and what is read from its answers, down to the odd ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import (
    Account,
    Card,
    ConnectionLost,
    Location,
    Meeting,
    MeetingGone,
    MeetingRequest,
    MissingScopes,
    Person,
    Readiness,
    Rejected,
    Reply,
    Temporary,
    Unusable,
)
from plugins import zoom
from plugins.zoom import mapping
from plugins.zoom.errors import read_error
from tests.support.wire import Wire

REQUEST = MeetingRequest(
    ref="b1",
    title="Intro call",
    starts_at=datetime(2026, 12, 3, 14, tzinfo=ZoneInfo("Europe/Vienna")),
    minutes=30,
    timezone="Europe/Vienna",
    host=Person("Ada", "ada@example.com"),
    invitee=Person("Bob", "bob@example.com"),
    location=Location("zoom"),
)
CREATED: dict[str, Any] = {
    "id": 92674392836,
    "uuid": "aDYlohsHRtCd4ii1uC2+hA==",
    "join_url": "https://us05web.zoom.us/j/92674392836?pwd=8pEk.1",
    "start_url": "https://us05web.zoom.us/s/92674392836?zak=secret",
    "password": "aB3456",
    "pstn_password": "123456",
    "new_field": {"nobody": ["knows"]},
    "settings": {
        "global_dial_in_numbers": [
            {"country_name": "US", "city": "New York", "number": "+1 6465550100", "type": "toll", "country": "US"},
            {"country_name": "US", "city": "New York", "number": "+1 6465550100", "type": "toll", "country": "US"},
            {"country_name": "Austria", "number": "+43 720 115988", "type": "tollfree", "country": "AT"},
            {"country": "DE"},
            "rubbish",
        ]
    },
}
SENT = {"start": "2026-12-03T13:00:00Z", "minutes": "30", "title": "Intro call", "timezone": "Europe/Vienna"}
MADE = Meeting("Zoom", external_id="92674392836", join_url=CREATED["join_url"], passcode="aB3456", data=SENT)


def failed(status: int, code: int | None = None, message: str = "", **headers: str) -> Reply:
    data = None if code is None else {"code": code, "message": message}
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, data, json.dumps(data))


# Create


def test_create_sends_one_request_and_little() -> None:
    """A meeting is made by one request; the host's own Zoom settings are left alone."""
    wire = Wire(CREATED)
    zoom.create_meeting(REQUEST, wire)
    assert wire.sent == [
        (
            "POST",
            "/users/me/meetings",
            {
                "topic": "Intro call",
                "type": 2,
                "start_time": "2026-12-03T13:00:00Z",
                "duration": 30,
                "timezone": "Europe/Vienna",
                "default_password": True,
                "agenda": "ref:b1\nBooking of Bob; move or cancel it there, not in Zoom.",
                "settings": {"use_pmi": False},
            },
        )
    ]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)), st.sampled_from(["Europe/Vienna", "America/St_Johns"]))
def test_start_is_the_same_instant(naive: datetime, zone: str) -> None:
    """Whatever the zone and the season, the instant that is sent is the one that was booked, to the second."""
    starts_at = naive.replace(microsecond=0, tzinfo=ZoneInfo(zone))
    text = mapping.create_body(replace(REQUEST, starts_at=starts_at))["start_time"]
    assert datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) == starts_at.astimezone(UTC)


def test_milliseconds_are_not_sent() -> None:
    """Zoom's format has no fractions of a second."""
    body = mapping.create_body(replace(REQUEST, starts_at=REQUEST.starts_at + timedelta(milliseconds=5)))
    assert body["start_time"] == "2026-12-03T13:00:00Z"


@given(st.text(max_size=600), st.text(max_size=3000))
def test_zooms_limits_hold(title: str, name: str) -> None:
    """No title and no name is too long for Zoom, and the marker is whole."""
    body = mapping.create_body(replace(REQUEST, title=title, invitee=Person(name, "bob@example.com")))
    assert 0 < len(body["topic"].encode("utf-16-le", "surrogatepass")) // 2 <= 200
    assert len(body["agenda"].encode("utf-16-le", "surrogatepass")) // 2 <= 2000
    assert body["agenda"].startswith("ref:b1\n")


@pytest.mark.parametrize(
    ("unit", "whole"),
    [("👩‍👩‍👧", True), ("👍🏽", True), ("e\u0301", True), ("🇦🇹", True), ("❤️", True), ("a" * 7, False)],
)
def test_cut_keeps_characters_whole(unit: str, whole: bool) -> None:
    """A long title is not cut in the middle of what people see as one character."""
    for lead in ("", "x", "xx"):
        text = mapping.cut(lead + unit * 200, 200 - len(lead))
        assert text.endswith("…")
        assert not whole or (len(text) - 1 - len(lead)) % len(unit) == 0


def test_cut_survives_stacked_accents() -> None:
    """A title of nothing but accents is cut all the same."""
    assert len(mapping.cut("a" + "\u0301" * 500, 200)) == 200


@pytest.mark.parametrize(("title", "topic"), [("  Intro\n call\x00 ", "Intro call"), ("\n", "Meeting")])
def test_title_is_one_line(title: str, topic: str) -> None:
    """A title has no line breaks or control characters, and is never empty."""
    assert mapping.create_body(replace(REQUEST, title=title))["topic"] == topic


def test_answer_is_read() -> None:
    """Link, passcode and dial-in are taken from the answer; numbers can be tapped."""
    meeting = zoom.create_meeting(REQUEST, Wire(CREATED))
    assert (meeting.where, meeting.external_id, meeting.join_url) == ("Zoom", "92674392836", CREATED["join_url"])
    assert (meeting.passcode, meeting.dial_in_id, meeting.dial_in_passcode) == ("aB3456", "926 7439 2836", "123456")
    assert [(d.number, d.country, d.label, d.tap) for d in meeting.dial_in] == [
        ("+1 6465550100", "US", "New York", "tel:+16465550100,,92674392836#,,,,*123456#"),
        ("+43 720 115988", "AT", "Austria (toll-free)", "tel:+43720115988,,92674392836#,,,,*123456#"),
    ]
    assert meeting.data == SENT
    assert Meeting.from_json(json.loads(json.dumps(meeting.to_json()))) == meeting


def test_start_link_is_not_kept() -> None:
    """The link that lets whoever has it in as the host is kept nowhere."""
    assert "zak" not in repr(zoom.create_meeting(REQUEST, Wire(CREATED)))


@pytest.mark.parametrize("settings", [None, [], {}, {"global_dial_in_numbers": None}, {"global_dial_in_numbers": []}])
def test_no_dial_in(settings: Any) -> None:
    """An account without dial-in gets a meeting without it."""
    meeting = zoom.create_meeting(REQUEST, Wire({**CREATED, "settings": settings}))
    assert (meeting.dial_in, meeting.dial_in_id, meeting.dial_in_passcode) == ((), "", "")


def test_dial_in_without_passcode() -> None:
    """Without a passcode for phones the tap link enters only the meeting."""
    meeting = zoom.create_meeting(REQUEST, Wire({**CREATED, "pstn_password": None}))
    assert meeting.dial_in[0].tap == "tel:+16465550100,,92674392836#"


@pytest.mark.parametrize(
    ("number", "shown"),
    [("123456789", "123 456 789"), ("1234567890", "123 456 7890"), ("92674392836", "926 7439 2836"), ("12", "12")],
)
def test_id_as_zoom_prints_it(number: str, shown: str) -> None:
    """Meeting ids are grouped as Zoom prints them."""
    assert mapping.spaced(number) == shown


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "",
        {},
        *({**CREATED, "id": wrong} for wrong in (None, 0, -1, True, "", "x1", 1.5)),
        *({**CREATED, "join_url": wrong} for wrong in (None, "", 5)),
    ],
)
def test_unusable_answer(data: Any) -> None:
    """An answer without a usable meeting leaves open whether there is one."""
    with pytest.raises(Temporary) as caught:
        zoom.create_meeting(REQUEST, Wire(data))
    assert caught.value.outcome_known is False


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://zoom.example/j/1"])
def test_unusable_link(link: str) -> None:
    """A link that nobody should open makes no meeting; the core takes that for an answer that says nothing."""
    with pytest.raises(Unusable):
        zoom.create_meeting(REQUEST, Wire({**CREATED, "join_url": link}))


def test_zone_that_zoom_does_not_know() -> None:
    """Where Zoom refuses the host's zone, the meeting is made with UTC; the instant is the same."""
    wire = Wire(Rejected("Validation Failed. timezone: Invalid field."), CREATED)
    meeting = zoom.create_meeting(REQUEST, wire)
    first, second = (body for _, _, body in wire.sent)
    assert (first["timezone"], second) == ("Europe/Vienna", {**first, "timezone": "UTC"})
    assert zoom.update_meeting(REQUEST, meeting, None) == meeting


def test_other_refusals_are_not_repeated() -> None:
    """What Zoom refuses for another reason is asked once."""
    wire = Wire(Rejected("Validation Failed. topic: Invalid field."))
    with pytest.raises(Rejected, match="topic"):
        zoom.create_meeting(REQUEST, wire)
    assert len(wire.sent) == 1


# Update and delete


def test_unchanged_meeting_is_not_sent() -> None:
    """What Zoom already has is not sent again, as changes are limited to 100 a day."""
    assert zoom.update_meeting(REQUEST, MADE, None) == MADE


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({"starts_at": REQUEST.starts_at + timedelta(hours=1)}, {"start_time": "2026-12-03T14:00:00Z"}),
        ({"minutes": 45}, {"duration": 45}),
        ({"title": "Other"}, {"topic": "Other"}),
        ({"timezone": "Europe/Berlin"}, {"timezone": "Europe/Berlin"}),
    ],
)
def test_only_the_change_is_sent(change: dict[str, Any], body: dict[str, Any]) -> None:
    """A move sends only what changed, keeps link and passcode, and is remembered."""
    wire = Wire(None)
    wanted = replace(REQUEST, **change)
    updated = zoom.update_meeting(wanted, MADE, wire)
    assert wire.sent == [("PATCH", "/meetings/92674392836", body)]
    assert replace(updated, data=SENT) == MADE
    assert zoom.update_meeting(wanted, updated, None) == updated


def test_meeting_of_unknown_state_is_sent_whole() -> None:
    """Where it is not known what Zoom has, everything is sent."""
    wire = Wire(None)
    zoom.update_meeting(REQUEST, replace(MADE, data={}), wire)
    assert set(wire.sent[0][2]) == {"start_time", "duration", "topic", "timezone"}


def test_meeting_gone_on_move_is_told() -> None:
    """A move of a meeting that is no longer there says so, so that a new one is made."""
    with pytest.raises(MeetingGone):
        zoom.update_meeting(replace(REQUEST, minutes=45), MADE, Wire(MeetingGone()))


@pytest.mark.parametrize("answer", [None, MeetingGone("Meeting does not exist: 1.")])
def test_delete(answer: Any) -> None:
    """A meeting is deleted without mails from Zoom; one that is already gone is deleted."""
    wire = Wire(answer)
    zoom.delete_meeting(MADE, wire)
    quiet = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}
    assert wire.sent == [("DELETE", "/meetings/92674392836", quiet)]


# Find


def listed(number: int, agenda: str = "ref:b1\nBooking", **fields: Any) -> dict[str, Any]:
    link = f"https://us05web.zoom.us/j/{number}?pwd=x.1"
    had = {"start_time": SENT["start"], "duration": 30, "topic": SENT["title"], "timezone": SENT["timezone"]}
    return {"id": number, "join_url": link, "agenda": agenda, "created_at": f"2026-11-{number:02}", **had, **fields}


def test_find_adopts_the_oldest() -> None:
    """Of several meetings with the booking's marker, the oldest is adopted and the rest deleted; no other is touched."""
    page = [
        listed(4),
        listed(3),
        listed(1, "see ref:b1"),
        listed(2, "ref:b10"),
        listed(5, ""),
        "x",
        {"agenda": "ref:b1"},
    ]
    wire = Wire({"meetings": page})
    found = zoom.find_meeting(REQUEST, wire)
    assert found == Meeting("Zoom", external_id="3", join_url=listed(3)["join_url"], data=SENT)
    assert wire.sent == [
        (
            "GET",
            "/users/me/meetings",
            {"type": "scheduled", "page_size": "300", "from": "2026-12-02", "to": "2026-12-04"},
        ),
        ("DELETE", "/meetings/4", {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}),
    ]


def test_find_reads_all_pages() -> None:
    """A meeting on a later page is found."""
    wire = Wire(
        {"next_page_token": "t1", "meetings": [listed(1, "")]}, {"next_page_token": "", "meetings": [listed(2)]}
    )
    found = zoom.find_meeting(REQUEST, wire)
    assert found is not None
    assert found.external_id == "2"
    assert wire.sent[1][2]["next_page_token"] == "t1"


def test_find_looks_further_when_the_booking_moved() -> None:
    """A meeting made for the time before a move is found and moved."""
    old = listed(2, start_time="2026-11-20T10:00:00Z")
    wire = Wire({"meetings": []}, {"meetings": [old]}, None)
    found = zoom.find_meeting(REQUEST, wire)
    assert wire.sent[1][2] == {"type": "upcoming", "page_size": "300"}
    assert wire.sent[2] == ("PATCH", "/meetings/2", {"start_time": SENT["start"]})
    assert found is not None
    assert found.data == SENT


@pytest.mark.parametrize("link", [None, "", "javascript:x", "http://zoom.example/j/1"])
def test_found_and_of_no_use(link: Any) -> None:
    """A meeting that is listed without a link that can be used is there: it does not count as missing."""
    with pytest.raises(Temporary) as caught:
        zoom.find_meeting(REQUEST, Wire({"meetings": [{**listed(1), "join_url": link}]}))
    assert not caught.value.outcome_known


def test_nothing_found() -> None:
    """Where no meeting carries the marker, none is adopted."""
    assert zoom.find_meeting(REQUEST, Wire({"meetings": []}, {"meetings": [listed(1, "")]})) is None


@pytest.mark.parametrize("answer", [None, {}, [], {"meetings": None}])
def test_unreadable_list(answer: Any) -> None:
    """From a list that can't be read it is not concluded that there is no meeting."""
    with pytest.raises(Temporary):
        zoom.find_meeting(REQUEST, Wire(answer))


def test_found_and_gone() -> None:
    """A meeting that is deleted while it is being adopted is not adopted."""
    wire = Wire({"meetings": [listed(2, duration=60)]}, MeetingGone())
    assert zoom.find_meeting(REQUEST, wire) is None


def test_find_ends() -> None:
    """A list without end is given up on."""
    wire = Wire(*[{"next_page_token": "again", "meetings": []}] * 1000)
    with pytest.raises(Temporary):
        zoom.find_meeting(REQUEST, wire)
    assert len(wire.sent) < 100


# Account and card

USER = {"id": "u1", "email": "ada@example.com", "type": 2, "account_id": "a1", "display_name": "Ada", "pmi": 1}


def test_connect_reads_the_user() -> None:
    """The account is labelled with its email; only what is needed is kept."""
    wire = Wire(USER)
    notes = {"plan": "licensed", "account_id": "a1", "display_name": "Ada"}
    assert zoom.connect_account(wire) == Account("u1", "ada@example.com", notes, pool="a1")
    assert wire.sent == [("GET", "/users/me", None)]


def test_free_plan_is_warned() -> None:
    """A free plan is known by its 40 minutes, and the card says so."""
    account = zoom.connect_account(Wire({**USER, "type": 1}))
    assert (account.notes["plan"], account.max_minutes) == ("basic", 40)
    card = Card("zoom", "Zoom", "…", Readiness.READY, notes=("first",))
    shown = zoom.settings_card(card, account)
    assert shown == replace(card, notes=("first", "Zoom's free plan ends meetings after 40 minutes."))


@pytest.mark.parametrize("account", [None, Account("u1", "ada@example.com")])
def test_card_without_warning(account: Account | None) -> None:
    """Without a warning the card stays as it is."""
    assert zoom.settings_card(Card("zoom", "Zoom", "…", Readiness.READY), account) is None


@pytest.mark.parametrize(("lacks", "label"), [(("email",), "Ada"), (("email", "display_name", "type"), "u1")])
def test_account_without_email(lacks: tuple[str, ...], label: str) -> None:
    """An account without an email is labelled with what there is."""
    assert zoom.connect_account(Wire({k: v for k, v in USER.items() if k not in lacks})).label == label


@pytest.mark.parametrize("data", [None, [], {}, {"id": 5}])
def test_nobody(data: Any) -> None:
    """An answer that names nobody proves nothing."""
    with pytest.raises(Temporary):
        zoom.connect_account(Wire(data))


# Errors

SCOPES = "Invalid access token, does not contain scopes:[meeting:write:meeting, meeting:write:meeting:admin]."


@pytest.mark.parametrize("reply", [failed(400, 4711, SCOPES), failed(400, 104, SCOPES), failed(401, 4700, SCOPES)])
def test_missing_scopes(reply: Reply) -> None:
    """A missing permission is known by Zoom's words, whatever the number, and named as users grant it."""
    error = read_error(reply)
    assert isinstance(error, MissingScopes)
    assert error.scopes == ("meeting:write:meeting",)


@pytest.mark.parametrize(
    ("words", "scopes"),
    [
        (
            "does not contain scopes:[meeting:write:admin, user:read, meeting:write, user:read]",
            ("user:read", "meeting:write"),
        ),
        ("does not contain scopes:[user:read:admin]", ("user:read",)),
        ("does not contain scopes:[]", ()),
        ("does not contain scopes", ()),
    ],
)
def test_missing_scopes_in_other_orders(words: str, scopes: tuple[str, ...]) -> None:
    """The list's order varies, and it may be missing."""
    error = read_error(failed(400, 4711, words))
    assert isinstance(error, MissingScopes)
    assert error.scopes == scopes


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (failed(404, 3001, "Meeting does not exist: 1."), MeetingGone, "Meeting does not exist: 1."),
        (failed(404, 1001, "User does not exist: me."), ConnectionLost, "User does not exist"),
        (failed(400, 1010, "User does not belong to this account."), ConnectionLost, "does not belong"),
        (failed(400, 3161, "Your user account is not allowed."), Rejected, "Your user account is not allowed."),
        (failed(400, 200, "Only available for paid account."), Rejected, "Only available for paid account."),
        (failed(400, 3000, "Cannot schedule."), Rejected, "Cannot schedule."),
        (failed(404, 2300, "This API endpoint is not recognized."), Rejected, "not recognized"),
        (failed(400, 3007, "This meeting has already ended."), MeetingGone, "already ended"),
        (failed(400, 3002, "Sorry, you cannot delete this meeting since it's in progress."), Temporary, "in progress"),
        (failed(404), Temporary, "404"),
        (Reply(404, {}, None, "<html>not here</html>"), Temporary, "404"),
        (failed(400, 300), Rejected, "HTTP 400"),
    ],
)
def test_errors(reply: Reply, kind: type[Exception], words: str) -> None:
    """Each of Zoom's numbers means what it means at Zoom, and its words are kept."""
    error = read_error(reply)
    assert type(error) is kind
    assert words in str(error)


def test_fields_are_named() -> None:
    """What Zoom says about single fields is told too."""
    errors = [{"field": "settings.audio", "message": "Invalid field."}, "rubbish", {"field": "x"}]
    error = read_error(Reply(400, {}, {"code": 300, "message": "Validation Failed.", "errors": errors}, ""))
    assert str(error) == "Validation Failed. settings.audio: Invalid field."


@pytest.mark.parametrize(
    "reply",
    [
        failed(401, 124, "Access token is expired."),
        failed(500),
        Reply(502, {}, None, "<html>Bad gateway</html>"),
        Reply(503, {}, {"code": 3001, "message": "x"}, ""),
        Reply(400, {}, None, "<html>code</html>"),
        Reply(403, {}, None, ""),
        Reply(400, {}, [1, 2], "[1, 2]"),
        Reply(400, {}, {"code": True}, ""),
    ],
)
def test_left_to_the_core(reply: Reply) -> None:
    """What has HTTP's usual meaning is left to the core."""
    assert read_error(reply) is None


def test_xml_answers() -> None:
    """Errors are read where Zoom answers in XML."""
    text = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><result><code>300</code>'
        "<message>Password doesn&apos;t fit.</message></result>"
    )
    error = read_error(Reply(400, {"content-type": "application/xml"}, None, text))
    assert isinstance(error, Rejected)
    assert str(error) == "Password doesn't fit."


@given(
    st.integers(400, 599),
    st.text(),
    st.none()
    | st.dictionaries(
        st.sampled_from(["code", "message", "errors", "reason"]),
        st.none() | st.integers() | st.text() | st.lists(st.integers()),
    ),
)
def test_any_body_is_survived(status: int, text: str, data: Any) -> None:
    """No body breaks the reading of an error, and no error has endless words."""
    error = read_error(Reply(status, {"retry-after": text, "date": text}, data, text))
    assert error is None or len(str(error)) < 500


NOW = "Thu, 03 Dec 2026 13:30:00 GMT"
MIDNIGHT = datetime(2026, 12, 4, tzinfo=UTC)
DAILY_USER = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular "
    "user. You may resume these requests at GMT 00:00:00."
)
DAILY = "You have reached the maximum daily rate limit for this API. Refer to the response header for details."
SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."


@pytest.mark.parametrize(
    ("reply", "retry_at"),
    [
        (failed(429, 429, SECOND, date=NOW), None),
        (failed(429, 4001, SECOND), None),
        (failed(429, 429, SECOND, date=NOW, retry_after="7"), datetime(2026, 12, 3, 13, 30, 7, tzinfo=UTC)),
        (failed(429, 429, SECOND, retry_after="soon"), None),
        (failed(429, 429, SECOND, retry_after="99999999999999"), None),
        (failed(429, 429, DAILY_USER, date=NOW), MIDNIGHT),
        (failed(429, 429, DAILY, date=NOW, retry_after="2026-12-04T00:00:00Z"), MIDNIGHT),
        (failed(429, 429, DAILY, date=NOW, retry_after="2026-12-04T00:00:00"), MIDNIGHT),
        (failed(429, 429, DAILY, date=NOW, retry_after="Fri, 04 Dec 2026 00:00:00 GMT"), MIDNIGHT),
        (failed(429, 429, DAILY, date=NOW), MIDNIGHT),
        (Reply(429, {"date": NOW}, None, "<html>slow down</html>"), None),
    ],
)
def test_too_many_requests(reply: Reply, retry_at: datetime | None) -> None:
    """Zoom's limits are waited out until when Zoom says, in whichever way it says it."""
    error = read_error(reply)
    assert isinstance(error, Temporary)
    assert (error.retry_at, error.outcome_known) == (retry_at, True)


def test_daily_limit_without_date() -> None:
    """Where the answer does not say what time it is, the next midnight of UTC is taken from the clock."""
    before = datetime.now(UTC)
    error = read_error(failed(429, 429, DAILY_USER))
    assert isinstance(error, Temporary)
    assert error.retry_at is not None
    assert before < error.retry_at <= datetime.now(UTC) + timedelta(days=1)
    assert (error.retry_at.hour, error.retry_at.minute) == (0, 0)


# Facts


def test_permissions_in_the_help_pages_words() -> None:
    """The four permissions and their purposes read as the help page promises."""
    facts = zoom.location_provider()
    assert facts.oauth is not None
    assert [(s.label, s.purpose) for s in facts.oauth.scopes] == [
        ("Create meetings", "Automatically create Zoom meetings when bookings are made"),
        ("Update meetings", "Update meeting time when bookings are rescheduled"),
        ("Delete meetings", "Remove meetings when bookings are cancelled"),
        ("Read user info", "Display the connected Zoom account email in settings"),
    ]
    assert [(s.name, s.enables) for s in facts.oauth.optional_scopes] == [
        ("meeting:read:list_meetings", "find_meeting list_meetings"),
        ("meeting:read:meeting", "receive_webhook"),
    ]


def test_description() -> None:
    """The invitee reads what choosing Zoom means."""
    assert zoom.location_provider().for_invitees == "You get a Zoom link by mail"
