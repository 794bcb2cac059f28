"""How users and meetings look in answers of the REST API, including links, dial-in numbers and the invitation."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets

from .clock import unstamp, zone
from .model import JSON, Meeting, User
from .state import Sandbox

LINK_LIFE_S = 7200
"""A start link logs anyone in as the host for two hours."""

# Only numbers that nobody can have: US 555-01xx, Ofcom's and the Bundesnetzagentur's numbers for fiction;
# Austria sets none aside, but no Viennese number begins with 1.
_NUMBERS: dict[str, list[tuple[str, str]]] = {
    "US": [("New York", "+1 6465550100"), ("Chicago", "+1 3125550142")],
    "AT": [("Vienna", "+43 11550100")],
    "DE": [("Berlin", "+49 3023125100")],
    "GB": [("London", "+44 2079460100")],
}


def user_json(user: User) -> JSON:
    """Return the answer of GET /users/me."""
    return {
        "id": user.id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.name,
        "email": user.email,
        "type": user.type,
        "role_name": "Owner",
        "pmi": user.pmi,
        "use_pmi": False,
        "personal_meeting_url": f"https://us05web.zoom.us/j/{user.pmi}",
        "timezone": user.timezone,
        "verified": 1,
        "dept": "",
        "created_at": user.created_at,
        "last_login_time": user.created_at,
        "cms_user_id": "",
        "jid": f"{user.id.lower()}@xmpp.example.com",
        "group_ids": [],
        "im_group_ids": [],
        "account_id": user.account_id,
        "language": "en-US",
        "phone_country": "",
        "phone_number": "",
        "status": "active" if user.active else "inactive",
        "job_title": "",
        "location": "",
        "login_types": [100],
        "role_id": "0",
        "cluster": "us05",
        "user_created_at": user.created_at,
    }


def meeting_json(sandbox: Sandbox, meeting: Meeting, host: User) -> JSON:
    """Return the answer of create and get: the settings are the effective ones, the start link is new each time."""
    body: JSON = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host_id,
        "host_email": host.email,
        "topic": meeting.topic,
        "type": meeting.type,
        "status": meeting.status,
    }
    if meeting.start_time:
        body["start_time"] = meeting.start_time
    return body | {
        "duration": meeting.duration,
        "timezone": meeting.timezone,
        "agenda": meeting.agenda,
        "created_at": meeting.created_at,
        "start_url": f"{_links(sandbox)}/s/{meeting.id}?zak={start_key(sandbox, meeting.id)}",
        "join_url": join_url(sandbox, meeting),
        "password": meeting.password,
        "h323_password": meeting.pstn_password,
        "pstn_password": meeting.pstn_password,
        "encrypted_password": meeting.encrypted_password,
        "settings": meeting.settings | dial_in(meeting, host),
        "pre_schedule": meeting.pre_schedule,
        "creation_source": meeting.creation_source,
    }


def list_item(sandbox: Sandbox, meeting: Meeting) -> JSON:
    """Return one meeting as lists show it: Zoom cuts the agenda at 250 characters."""
    body: JSON = {
        "uuid": meeting.uuid,
        "id": meeting.id,
        "host_id": meeting.host_id,
        "topic": meeting.topic,
        "type": meeting.type,
        "duration": meeting.duration,
        "timezone": meeting.timezone,
        "agenda": meeting.agenda[:250],
        "created_at": meeting.created_at,
        "join_url": join_url(sandbox, meeting),
    }
    return body | ({"start_time": meeting.start_time} if meeting.start_time else {})


def upcoming_item(sandbox: Sandbox, meeting: Meeting) -> JSON:
    """Return one meeting as the list of upcoming meetings shows it."""
    item = list_item(sandbox, meeting)
    keys = ("id", "topic", "type", "start_time", "duration", "timezone", "created_at", "join_url")
    kept = {key: item[key] for key in keys if key in item}
    return kept | {"passcode": meeting.password, "use_pmi": False, "is_host": True, "is_all_day": False}


def join_url(sandbox: Sandbox, meeting: Meeting) -> str:
    """Return the link for invitees."""
    secret = f"?pwd={meeting.encrypted_password}" if meeting.encrypted_password else ""
    return f"{_links(sandbox)}/j/{meeting.id}{secret}"


def dial_in(meeting: Meeting, host: User) -> JSON:
    """Return countries and numbers; neither numbers nor promises where phones can't reach the meeting."""
    asked = meeting.settings.get("global_dial_in_countries") or host.dial_in_countries
    countries = [country for country in asked if country in _NUMBERS]
    shown: JSON = {"global_dial_in_countries": countries}
    by_phone = meeting.settings["audio"] in ("both", "telephony") and meeting.settings["encryption_type"] != "e2ee"
    if host.dial_in and by_phone:
        shown["global_dial_in_numbers"] = [
            {"country_name": country, "city": city, "number": number, "type": "toll", "country": country}
            for country in countries
            for city, number in _NUMBERS[country]
        ]
    return shown


def invitation(sandbox: Sandbox, meeting: Meeting, host: User) -> JSON:
    """Return Zoom's own invitation text, with its CRLF line ends."""
    when = ""
    if meeting.start_time:
        local = unstamp(meeting.start_time).astimezone(zone(meeting.timezone))
        when = f"Time: {local:%b %d, %Y %I:%M %p} {meeting.timezone}"
    spaced = f"{str(meeting.id)[:3]} {str(meeting.id)[3:7]} {str(meeting.id)[7:]}"
    numbers = dial_in(meeting, host).get("global_dial_in_numbers", [])
    lines = [f"{host.name} is inviting you to a scheduled Zoom meeting.", "", f"Topic: {meeting.topic}", when, ""]
    lines += [
        "Join Zoom Meeting",
        join_url(sandbox, meeting),
        "",
        f"Meeting ID: {spaced}",
        f"Passcode: {meeting.password}",
    ]
    if numbers:
        lines += ["", "---", "", "One tap mobile"]
        for number in numbers:
            tap = number["number"].replace(" ", "")
            lines.append(f"{tap},,{meeting.id}#,,,,*{meeting.pstn_password}# {number['country']}")
        lines += ["", "Dial by your location"]
        lines += [f"{number['number']} {number['country']} ({number['city']})" for number in numbers]
    return {"invitation": "\r\n".join([*lines, ""]), "sip_links": [f"{meeting.id}@zoomcrc.com"]}


def start_key(sandbox: Sandbox, meeting_id: int) -> str:
    """Return the secret of a start link: whoever holds it is the host, for two hours."""
    expires = int(sandbox.ts()) + LINK_LIFE_S
    claims = {"id": meeting_id, "exp": expires, "jti": secrets.token_hex(8)}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{body}.{_sign(sandbox, body)}"


def start_key_valid(sandbox: Sandbox, meeting_id: int, key: str) -> bool:
    """Say whether a start link's secret is ours, for this meeting, and still fresh."""
    body, _, signature = key.partition(".")
    if not hmac.compare_digest(_sign(sandbox, body), signature):
        return False
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return bool(claims["id"] == meeting_id and claims["exp"] > sandbox.ts())


def _sign(sandbox: Sandbox, body: str) -> str:
    return hmac.new(sandbox.data.cookie_key.encode(), body.encode(), hashlib.sha256).hexdigest()


def _links(sandbox: Sandbox) -> str:
    return sandbox.public_url if sandbox.switches.sandbox_links else "https://us05web.zoom.us"
