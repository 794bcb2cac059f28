"""Meeting requests to Webex's JSON and Webex's JSON to meetings and accounts; pure.

Fields as in Webex's REST reference: https://developer.webex.com/docs/api/v1/meetings
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from hub import Account, DialIn, Meeting, MeetingRequest, Temporary

LONGEST_TITLE = 128
SHORTEST = 10  # minutes; Webex schedules nothing shorter
MOST_NUMBERS = 100


def sent(request: MeetingRequest) -> dict[str, str]:
    """Return what tells one state of a meeting from another, as it is sent."""
    start = request.starts_at.astimezone(UTC)
    return {
        "title": " ".join(request.title.split())[:LONGEST_TITLE] or "Meeting",
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{start + timedelta(minutes=max(request.minutes, SHORTEST)):%Y-%m-%dT%H:%M:%SZ}",
        "timezone": request.timezone,
    }


def wanted(request: MeetingRequest) -> dict[str, Any]:
    """Return the JSON of what the meeting should be; Webex writes no mails of its own."""
    return {**sent(request), "sendEmail": False}


def span(request: MeetingRequest) -> dict[str, str]:
    """Return the query for meetings within a month of the start: a booking may have been moved since the attempt."""
    month = timedelta(days=31)
    start = request.starts_at.astimezone(UTC)
    return {"from": f"{start - month:%Y-%m-%dT%H:%M:%SZ}", "to": f"{start + month:%Y-%m-%dT%H:%M:%SZ}", "max": "100"}


def moved(meeting: Meeting, request: MeetingRequest) -> Meeting:
    """Return the meeting after the request was sent."""
    return replace(meeting, data=sent(request))


def has_tag(item: Any, tag: str) -> bool:
    """Tell whether a listed meeting carries this tag."""
    tags = item.get("integrationTags") if isinstance(item, Mapping) else None
    return isinstance(tags, list) and tag in tags


def read_account(data: Any) -> Account:
    """Return whose account GET /people/me describes. Raises Temporary when it names nobody."""
    person = data if isinstance(data, Mapping) else {}
    if not (external_id := _text(person, "id")):
        raise Temporary("Webex did not say whose account this is.")
    emails = person.get("emails")
    first = emails[0] if isinstance(emails, list) and emails and isinstance(emails[0], str) else ""
    return Account(external_id, first or _text(person, "displayName") or external_id)


def read_meeting(data: Any, request: MeetingRequest) -> Meeting:
    """Return the meeting that an answer describes. Raises Temporary of unknown outcome where it is unusable.

    `hostKey` is left out on purpose: it lets whoever types it in as the host.
    """
    item = data if isinstance(data, Mapping) else {}
    phone = item.get("telephony")
    numbers = tuple(_numbers(phone)) if isinstance(phone, Mapping) else ()
    code = _text(phone, "accessCode") if isinstance(phone, Mapping) else ""
    if not (external_id := _text(item, "id")) or not (link := _text(item, "webLink")):
        raise Temporary("Webex's answer has no meeting in it.", outcome_known=False)
    try:
        return Meeting(
            where="Webex",
            external_id=external_id,
            join_url=link,
            dial_in=numbers,
            passcode=_text(item, "password"),
            dial_in_id=(code or _text(item, "meetingNumber")) if numbers else "",
            dial_in_passcode=_text(item, "phoneAndVideoSystemPassword") if numbers else "",
            data=sent(request),
        )
    except ValueError as fault:
        raise Temporary(f"Webex's answer is unusable: {fault}.", outcome_known=False) from fault


def _numbers(phone: Mapping[str, Any]) -> Iterator[DialIn]:
    rows = phone.get("callInNumbers")
    code = _text(phone, "accessCode").replace(" ", "")
    for row in (rows if isinstance(rows, list) else ())[:MOST_NUMBERS]:
        shown = _text(row, "callInNumber") if isinstance(row, Mapping) else ""
        digits = "".join(c for c in shown if c in "+0123456789")
        if len(digits) >= 4:
            tap = f"tel:{digits},,{code}#" if code.isdigit() else f"tel:{digits}"
            yield DialIn(number=shown, label=_text(row, "label"), tap=tap)


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
