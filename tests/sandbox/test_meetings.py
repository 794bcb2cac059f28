"""Meetings: what create, update, delete, get and the lists do."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox.driver import Browser, Driver


def listed(zoom: Driver, token: str, **params: str | int) -> dict[str, Any]:
    return dict(zoom.api(token, "GET", "/users/me/meetings", params=params).json())


def test_create_answers_with_what_holds(zoom: Driver) -> None:
    """A waiting room switches off joining before the host; unknown and null fields are ignored; a passcode is made."""
    token = zoom.connect()["access_token"]
    settings = {"waiting_room": True, "join_before_host": True, "audio": None, "future_setting": 1}
    meeting = zoom.create(token, timezone="Europe/Berlin", settings=settings, template_id="x")
    assert meeting["settings"]["join_before_host"] is False
    assert meeting["settings"]["audio"] == "both"
    assert "future_setting" not in meeting["settings"]
    assert len(str(meeting["id"])) == 11
    assert meeting["password"].isdigit()
    assert meeting["pstn_password"] == meeting["password"]
    assert meeting["join_url"] == f"{zoom.url}/j/{meeting['id']}?pwd={meeting['encrypted_password']}"
    assert meeting["start_url"].startswith(f"{zoom.url}/s/{meeting['id']}?zak=eyJ")
    assert (meeting["start_time"], meeting["timezone"]) == ("2026-12-01T10:00:00Z", "Europe/Berlin")


@pytest.mark.parametrize(
    ("fields", "begins"),
    [
        ({"start_time": "2026-12-01T10:00:00", "timezone": "Europe/Berlin"}, "2026-12-01T09:00:00Z"),
        ({"start_time": "2026-12-01T10:00:00"}, "2026-12-01T10:00:00Z"),
        ({"start_time": "2026-12-01T10:00:00Z", "timezone": "Asia/Tokyo"}, "2026-12-01T10:00:00Z"),
        ({"start_time": "2020-01-01T10:00:00Z"}, "2026-11-24T12:00:00Z"),
        ({"start_time": None}, "2026-11-24T12:00:00Z"),
    ],
)
def test_start_times(zoom: Driver, fields: dict[str, Any], begins: str) -> None:
    """A Z means UTC, without it the zone counts; missing or past means now."""
    assert zoom.create(zoom.connect()["access_token"], **fields)["start_time"] == begins


def test_three_calls_make_three_meetings(zoom: Driver) -> None:
    """There is no idempotency key."""
    token = zoom.connect()["access_token"]
    assert len({zoom.create(token)["id"] for _ in range(3)}) == 3


def test_passcodes(zoom: Driver) -> None:
    """A given passcode holds, phones get digits, and default_password false means none."""
    token = zoom.connect()["access_token"]
    given = zoom.create(token, password="s3cret")
    assert given["password"] == "s3cret"
    assert given["pstn_password"].isdigit()
    none = zoom.create(token, default_password=False)
    assert (none["password"], none["join_url"]) == ("", f"{zoom.url}/j/{none['id']}")


def test_strong_passcodes(zoom: Driver) -> None:
    """Made passcodes are six digits, the same for phones; where the switch asks for more, ten signs, and other digits."""
    token = zoom.connect()["access_token"]
    made = zoom.create(token)
    assert re.fullmatch(r"\d{6}", made["password"])
    assert made["pstn_password"] == made["password"]
    zoom.sim("PATCH", "/switches", {"strong_passcodes": True})
    made = zoom.create(token)
    assert re.fullmatch(r"[A-Za-z0-9]{10}", made["password"])
    assert re.fullmatch(r"\d{10}", made["pstn_password"])
    assert re.fullmatch(r"\d{10}", zoom.create(token, password="s3cret")["pstn_password"])


def test_dial_in_numbers(zoom: Driver) -> None:
    """Numbers of several countries; none with audio by computer only, end-to-end encryption, or a host without."""
    token = zoom.connect()["access_token"]
    numbers = zoom.create(token)["settings"]["global_dial_in_numbers"]
    assert {number["country"] for number in numbers} == {"US", "AT", "DE", "GB"}
    asked = zoom.create(token, settings={"global_dial_in_countries": ["GB", "XX"]})["settings"]
    assert asked["global_dial_in_countries"] == ["GB"]
    for settings in ({"audio": "voip"}, {"encryption_type": "e2ee"}):
        assert "global_dial_in_numbers" not in zoom.create(token, settings=settings)["settings"]
    zoom.sim("PATCH", "/users/ada@example.com", {"dial_in": False})
    assert "global_dial_in_numbers" not in zoom.create(token)["settings"]


def test_links_in_zooms_own_form(zoom: Driver) -> None:
    """For snapshots, links can have the form of real ones."""
    zoom.sim("PATCH", "/switches", {"sandbox_links": False})
    meeting = zoom.create(zoom.connect()["access_token"])
    assert meeting["join_url"].startswith(f"https://us05web.zoom.us/j/{meeting['id']}?pwd=")


def test_lenient_enums(zoom: Driver) -> None:
    """Switched to lenient, an unknown value is bent to the default without a word, as real Zoom was seen to do."""
    zoom.sim("PATCH", "/switches", {"lenient_enums": True})
    meeting = zoom.create(zoom.connect()["access_token"], settings={"audio": "phone"}, type=77)
    assert (meeting["settings"]["audio"], meeting["type"]) == ("both", 2)


def test_update_changes_only_what_is_sent(wide: Driver) -> None:
    """204 without a body; link and passcode stay when the time moves; a past start is ignored without a word."""
    token = wide.connect()["access_token"]
    made = wide.create(token, agenda="ref: 1")
    path = f"/meetings/{made['id']}"
    answer = wide.api(token, "PATCH", path, json={"start_time": "2026-12-02T08:30:00Z", "duration": 45})
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (204, b"", False)
    found = wide.api(token, "GET", path).json()
    assert (found["start_time"], found["duration"]) == ("2026-12-02T08:30:00Z", 45)
    for name in ("join_url", "password", "agenda", "topic", "uuid", "settings"):
        assert found[name] == made[name]
    assert found["start_url"] != made["start_url"]
    assert wide.api(token, "PATCH", path, json={"start_time": "2020-01-01T00:00:00Z"}).status_code == 204
    assert wide.api(token, "GET", path).json()["start_time"] == "2026-12-02T08:30:00Z"


def test_delete_recover_and_forget(wide: Driver) -> None:
    """Deleted twice is 3001 (row 29); for seven days the host can recover it, then not."""
    token = wide.connect()["access_token"]
    path = f"/meetings/{wide.create(token)['id']}"
    assert wide.api(token, "DELETE", path).status_code == 204
    assert wide.api(token, "DELETE", path).json()["code"] == 3001
    assert wide.api(token, "PUT", f"{path}/status", json={"action": "recover"}).status_code == 204
    assert wide.api(token, "GET", path).status_code == 200
    assert wide.api(token, "DELETE", path).status_code == 204
    wide.clock.advance(days=7)
    token = wide.connect()["access_token"]
    assert wide.api(token, "PUT", f"{path}/status", json={"action": "recover"}).json()["code"] == 3001


def test_the_host_deletes_in_zoom(zoom: Driver) -> None:
    """What the host deleted is gone for the app: 404/3001 on update and delete (rows 30, 31)."""
    token = zoom.connect()["access_token"]
    meeting = zoom.create(token)["id"]
    zoom.sim("POST", f"/meetings/{meeting}/delete")
    for method in ("PATCH", "DELETE"):
        answer = zoom.api(token, method, f"/meetings/{meeting}", json={} if method == "PATCH" else None)
        assert (answer.status_code, answer.json()["code"]) == (404, 3001)


def test_a_meeting_expires(wide: Driver) -> None:
    """Thirty days after its time Zoom has forgotten a meeting."""
    path = f"/meetings/{wide.create(wide.connect()['access_token'])['id']}"
    wide.clock.advance(days=36)
    assert wide.api(wide.connect()["access_token"], "GET", path).status_code == 200
    wide.clock.advance(days=1)
    assert wide.api(wide.connect()["access_token"], "GET", path).json()["code"] == 3001


def test_other_peoples_meetings(wide: Driver) -> None:
    """Another user's meeting is not there."""
    meeting = wide.create(wide.connect()["access_token"])["id"]
    answer = wide.api(wide.connect("grace@example.com")["access_token"], "DELETE", f"/meetings/{meeting}")
    assert (answer.status_code, answer.json()["code"]) == (404, 3001)


def test_running_and_ended(wide: Driver) -> None:
    """The host starts a meeting, the app ends it; an instant meeting is then gone."""
    token = wide.connect()["access_token"]
    for kind, after in ((2, 200), (1, 404)):
        meeting = wide.create(token, type=kind)["id"]
        wide.sim("POST", f"/meetings/{meeting}/start")
        assert wide.api(token, "GET", f"/meetings/{meeting}").json()["status"] == "started"
        assert wide.api(token, "PUT", f"/meetings/{meeting}/status", json={"action": "end"}).status_code == 204
        assert wide.api(token, "GET", f"/meetings/{meeting}").status_code == after
    answer = wide.api(token, "PUT", f"/meetings/{meeting}/status", json={"action": "jump"})
    assert answer.json()["errors"] == [{"field": "action", "message": "Invalid field."}]


def test_by_uuid(wide: Driver) -> None:
    """A uuid works in place of the id when it is encoded twice, also with slashes in it."""
    token = wide.connect()["access_token"]
    meeting = wide.create(token)
    with wide.sandbox.change() as data:
        data.meetings[meeting["id"]].uuid = "/ab//cd+e=="
    found = wide.api(token, "GET", f"/meetings/{quote(quote('/ab//cd+e==', safe=''), safe='')}")
    assert found.json()["id"] == meeting["id"]


def test_the_list(wide: Driver) -> None:
    """Instant meetings are left out, agendas cut at 250 characters, keys as of Zoom."""
    token = wide.connect()["access_token"]
    wide.create(token, type=1)
    made = wide.create(token, agenda="x" * 300)
    answer = listed(wide, token)
    assert list(answer) == ["page_size", "total_records", "next_page_token", "meetings"]
    assert (answer["page_size"], answer["total_records"], answer["next_page_token"]) == (30, 1, "")
    assert answer["meetings"][0]["agenda"] == "x" * 250
    assert answer["meetings"][0]["join_url"] == made["join_url"]
    assert "password" not in answer["meetings"][0]


def test_paging(wide: Driver) -> None:
    """Pages follow each other by token, which lives fifteen minutes; page numbers still work; sizes are clamped."""
    token = wide.connect()["access_token"]
    ids = {wide.create(token, start_time=f"2026-12-0{day}T10:00:00Z")["id"] for day in range(1, 6)}
    first = listed(wide, token, page_size=2)
    second = listed(wide, token, page_size=2, next_page_token=first["next_page_token"])
    third = listed(wide, token, page_size=2, page_number=3)
    assert (third["page_count"], third["page_number"], third["next_page_token"]) == (3, 3, "")
    assert {m["id"] for page in (first, second, third) for m in page["meetings"]} == ids
    assert listed(wide, token, page_size=999999)["page_size"] == 300
    assert listed(wide, token, page_size="many")["page_size"] == 30
    wide.clock.advance(minutes=16)
    assert listed(wide, token, next_page_token=first["next_page_token"])["code"] == 300


def test_kinds_of_lists(wide: Driver) -> None:
    """Upcoming, live and previous meetings, and a span of days; an unknown kind is the default one."""
    token = wide.connect()["access_token"]
    soon, later = (wide.create(token, start_time=f"2026-11-{day}T12:30:00Z")["id"] for day in (24, 26))
    assert wide.api(token, "GET", "/users/me/upcoming_meetings").json()["total_records"] == 2
    wide.sim("POST", f"/meetings/{soon}/start")
    wide.clock.advance(minutes=61)
    token = wide.connect()["access_token"]

    def ids(**params: str) -> list[int]:
        return [meeting["id"] for meeting in listed(wide, token, **params)["meetings"]]

    assert ids(type="live") == [soon]
    assert ids(type="upcoming") == [soon, later]
    wide.sim("POST", f"/meetings/{soon}/end")
    assert ids(type="upcoming_meetings") == [later]
    assert ids(type="previous_meetings") == [soon]
    assert ids(type="nonsense") == [soon, later]
    assert ids(**{"from": "2026-11-25", "to": "2026-11-30"}) == [later]
    item = wide.api(token, "GET", "/users/me/upcoming_meetings").json()["meetings"][0]
    assert (item["id"], item["is_host"], len(item["passcode"])) == (later, True, 6)


def test_a_new_meeting_may_be_listed_late(wide: Driver) -> None:
    """With a list delay, a meeting exists before it is listed (row 13)."""
    wide.sim("PATCH", "/switches", {"list_delay_s": 30})
    token = wide.connect()["access_token"]
    meeting = wide.create(token)["id"]
    assert listed(wide, token)["total_records"] == 0
    assert wide.api(token, "GET", f"/meetings/{meeting}").status_code == 200
    wide.clock.advance(seconds=30)
    assert listed(wide, token)["total_records"] == 1


def test_the_invitation(wide: Driver) -> None:
    """Zoom's own text has CRLF line ends, link, passcode and one-tap numbers."""
    token = wide.connect()["access_token"]
    meeting = wide.create(token, timezone="Europe/Berlin")
    answer = wide.api(token, "GET", f"/meetings/{meeting['id']}/invitation").json()
    text = answer["invitation"]
    assert text.count("\n") == text.count("\r\n") > 10
    for part in (meeting["join_url"], "Dec 01, 2026 11:00 AM Europe/Berlin", f"Passcode: {meeting['password']}"):
        assert part in text
    assert f"+16465550100,,{meeting['id']}#,,,,*{meeting['password']}# US" in text


def test_the_links_lead_to_a_simulated_meeting(zoom: Driver) -> None:
    """The join link opens a page that names the meeting, its time and the numbers; without the passcode it does not."""
    meeting = zoom.create(zoom.connect()["access_token"], timezone="Europe/Berlin", topic="Tea & <b>talk</b>")
    page = zoom.http.get(meeting["join_url"])
    assert page.status_code == 200
    assert "You joined the simulated meeting “Tea &amp; &lt;b&gt;talk&lt;/b&gt;”" in page.text
    assert "Tue 1 Dec 2026, 11:00 (Europe/Berlin)" in page.text
    assert zoom.http.get(f"/j/{meeting['id']}?pwd=x").status_code == 403
    zoom.sim("POST", f"/meetings/{meeting['id']}/delete")
    assert zoom.http.get(meeting["join_url"]).status_code == 404


def test_the_host_starts_from_the_join_link(zoom: Driver) -> None:
    """Whoever is signed in as the host opens the meeting with the join link; another user is a guest."""
    meeting = zoom.create(zoom.connect()["access_token"])
    for user, words in (("ada@example.com", "as its host"), ("grace@example.com", "You joined")):
        browser = Browser(zoom.url)
        browser.get("/marketplace/installed")
        browser.submit("/signin", user=user)
        assert words in browser.get(meeting["join_url"]).text


def test_a_start_link_lives_two_hours(zoom: Driver) -> None:
    """The start link makes anyone the host for two hours; a forged one does not."""
    meeting = zoom.create(zoom.connect()["access_token"])
    assert "as its host" in zoom.http.get(meeting["start_url"]).text
    for forged in ("x", "e30.x", ""):
        assert zoom.http.get(f"/s/{meeting['id']}?zak={forged}").status_code == 403
    zoom.clock.advance(hours=2)
    assert zoom.http.get(meeting["start_url"]).status_code == 403
