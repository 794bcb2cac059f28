"""Meeting requests to Zoom's JSON and Zoom's JSON to meetings and accounts; pure, knows no HTTP client."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from hub import Account, Answer, DialIn, Meeting, MeetingRequest, Temporary, Unusable, utc_text

LONGEST_TOPIC = 200
LONGEST_AGENDA = 2000
LONGEST_MEETING = 1440
LONGEST_CHARACTER = 40  # code points in what is seen as one; beyond it is mischief
FREE_MINUTES = 40
BASIC = 1
PLANS = {BASIC: "basic", 2: "licensed", 4: "unassigned", 99: "none"}


# Requests


def create_body(request: MeetingRequest) -> dict[str, Any]:
    """Return the JSON that makes a meeting as `request` wants it."""
    sent = _sent(request)
    # default_password lets Zoom choose a passcode that the account's own rules accept. No other setting is sent: the
    # host's Zoom defaults apply. Without use_pmi=false an account may put every booking on one and the same link.
    return {
        "topic": sent["title"],
        "type": 2,
        "start_time": sent["start"],
        "duration": int(sent["minutes"]),
        "timezone": sent["timezone"],
        "default_password": True,
        "agenda": cut(f"{marker(request)}\n{_purpose(request)}", LONGEST_AGENDA),
        "settings": {"use_pmi": False},
    }


def update_body(request: MeetingRequest, meeting: Meeting) -> tuple[dict[str, Any], Meeting]:
    """Return the JSON of what differs from what was last sent for `meeting` ({} for nothing), and the meeting after it."""
    sent = _sent(request)
    body: dict[str, Any] = {}
    for name, field in (("start", "start_time"), ("minutes", "duration"), ("title", "topic"), ("timezone", "timezone")):
        if meeting.data.get(name) != sent[name]:
            body[field] = int(sent[name]) if name == "minutes" else sent[name]
    return body, replace(meeting, data={**meeting.data, **sent})


def list_params(request: MeetingRequest, *, near: bool) -> dict[str, str]:
    """Return the query that lists the host's meetings: a day either side of the start, or everything upcoming."""
    if not near:
        return {"type": "upcoming", "page_size": "300"}
    day = timedelta(days=1)
    start = request.starts_at.astimezone(UTC)
    return {
        "type": "scheduled",
        "page_size": "300",
        "from": (start - day).date().isoformat(),
        "to": (start + day).date().isoformat(),
    }


def marker(request: MeetingRequest) -> str:
    """Return the text at the start of the agenda by which a meeting is found again; lists cut agendas at 250 characters."""
    return f"ref:{request.ref}"


def cut(text: str, limit: int) -> str:
    """Return `text` with at most `limit` UTF-16 units, not cut within a character as people see it."""
    if _units(text) <= limit:
        return text
    end, units = 0, 1  # one unit for the ellipsis
    while units + _units(text[end]) <= limit:
        units += _units(text[end])
        end += 1
    whole = next((at for at in range(end, max(end - LONGEST_CHARACTER, 0), -1) if not _joined(text, at)), end)
    return text[:whole].rstrip() + "…"


def _sent(request: MeetingRequest) -> dict[str, str]:
    title = " ".join("".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in request.title).split())
    return {
        "start": utc_text(request.starts_at),
        "minutes": str(min(max(request.minutes, 1), LONGEST_MEETING)),
        "title": cut(title, LONGEST_TOPIC) or "Meeting",
        "timezone": request.timezone,
    }


def _purpose(request: MeetingRequest) -> str:
    who = " ".join(request.invitee.name.split())
    return f"Booking of {who}; move or cancel it there, not in Zoom."


def _units(text: str) -> int:
    return len(text) + sum(ord(c) > 0xFFFF for c in text)


def _joined(text: str, at: int) -> bool:
    """Tell whether the characters on both sides of `at` are seen as one."""
    before, after = text[at - 1], text[at]
    if before == "\u200d" or unicodedata.category(after) in {"Mn", "Me", "Mc", "Cf"}:
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff":  # skin tone
        return True
    flags = 0
    while flags < at and "\U0001f1e6" <= text[at - 1 - flags] <= "\U0001f1ff":
        flags += 1
    return flags % 2 == 1 and "\U0001f1e6" <= after <= "\U0001f1ff"


# Answers


def read_account(data: Any) -> Account:
    """Return whose account GET /users/me describes. Raises Temporary when it names nobody."""
    user = Answer(data)
    external_id = user.need_text("id")
    plan = data.get("type")
    free = plan == BASIC
    notes = {
        "plan": PLANS.get(plan, "") if isinstance(plan, int) else "",
        "account_id": user.text("account_id"),
        "display_name": user.text("display_name"),
    }
    return Account(
        external_id=external_id,
        label=user.text("email") or notes["display_name"] or external_id,
        notes={name: text for name, text in notes.items() if text},
        max_minutes=FREE_MINUTES if free else None,
        warning=f"Zoom's free plan ends meetings after {FREE_MINUTES} minutes." if free else "",
        pool=notes["account_id"],
    )


def read_meeting(data: Any, sent: Mapping[str, str]) -> Meeting:
    """Return the meeting that a create's answer describes, with `sent` as its data.

    Raises Temporary of unknown outcome when the answer lacks what makes a meeting usable.
    """
    item = Answer(data)
    number = meeting_id(data.get("id")) if isinstance(data, Mapping) else ""
    if not number:
        raise Temporary("Zoom's answer has no meeting in it.", outcome_known=False)
    pin = item.text("pstn_password")
    rows = item.part("settings").parts("global_dial_in_numbers")
    dial_in = DialIn.distinct(_dial_in(row, number, pin) for row in rows)
    return Meeting(  # start_url is left out on purpose: it lets whoever holds it in as the host
        where="Zoom",
        external_id=number,
        join_url=item.need_text("join_url"),
        dial_in=dial_in,
        passcode=item.text("password"),
        dial_in_id=spaced(number) if dial_in else "",
        dial_in_passcode=pin if dial_in else "",
        data=dict(sent),
    )


def read_created(data: Any, request: MeetingRequest) -> Meeting:
    """Return the meeting that was just made for `request`; raises as `read_meeting`."""
    return read_meeting(data, _sent(request))


def all_in(items: Sequence[Any], request: MeetingRequest) -> list[Meeting]:
    """Return all listed meetings that carry the request's marker, oldest first; their data is what Zoom has.

    Raises Temporary where it is listed, but never with an id and a link that can be used: a second one must not be made.
    """
    mark = marker(request)
    ours = [
        item for item in items if isinstance(item, Mapping) and Answer(item).text("agenda").split(None, 1)[:1] == [mark]
    ]
    found: list[Meeting] = []
    for item in sorted(ours, key=lambda i: (Answer(i).text("created_at") or "~", meeting_id(i.get("id")))):
        try:
            found.append(read_meeting(item, has(item)))
        except (Temporary, Unusable):  # a row without id or link is of no use; the next may be
            continue
    if ours and not found:
        raise Temporary("Zoom lists the meeting without a link that can be used.", outcome_known=False)
    return found


def has(item: Mapping[str, Any]) -> dict[str, str]:
    """Return what Zoom has, by the names under which what was sent is kept."""
    fields = {"start": "start_time", "minutes": "duration", "title": "topic", "timezone": "timezone"}
    return {name: str(item[field]) for name, field in fields.items() if item.get(field)}


def spaced(number: str) -> str:
    """Return a meeting id in the groups in which Zoom prints it: 926 7439 2836."""
    middle = 7 if len(number) > 10 else 6
    return " ".join(part for part in (number[:3], number[3:middle], number[middle:]) if part)


def _dial_in(row: Answer, number: str, pin: str) -> DialIn | None:
    label = row.text("city", "country_name")
    if row.text("type") == "tollfree":
        label = f"{label} (toll-free)".strip()
    then = f",,,,*{pin}#" if pin else ""
    return DialIn.of(row.text("number"), code=number, then=then, country=row.text("country"), label=label)


def meeting_id(value: Any) -> str:
    """Return a meeting's number as text, empty where it is none."""
    # A JSON number in REST answers, a string in some of Zoom's webhooks.
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if re.fullmatch(r"[1-9][0-9]{0,18}", text) else ""
