"""Meeting requests to Microsoft Graph's JSON and Graph's JSON to meetings and accounts; pure.

Fields as in https://learn.microsoft.com/graph/api/resources/onlinemeeting
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from hub import Account, DialIn, Meeting, MeetingRequest, Temporary

LONGEST_SUBJECT = 255


def sent(request: MeetingRequest) -> dict[str, str]:
    """Return the JSON of what the meeting should be."""
    start = request.starts_at.astimezone(UTC)
    return {
        "subject": " ".join(request.title.split())[:LONGEST_SUBJECT] or "Meeting",
        "startDateTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "endDateTime": f"{start + timedelta(minutes=request.minutes):%Y-%m-%dT%H:%M:%SZ}",
    }


def moved(meeting: Meeting, request: MeetingRequest) -> Meeting:
    """Return the meeting after the request was sent."""
    return replace(meeting, data=sent(request))


def read_account(data: Any) -> Account:
    """Return whose account GET /me describes. Raises Temporary when it names nobody."""
    user = data if isinstance(data, Mapping) else {}
    if not (external_id := _text(user, "id")):
        raise Temporary("Microsoft did not say whose account this is.")
    return Account(external_id, _text(user, "mail") or _text(user, "userPrincipalName") or external_id)


def read_meeting(data: Any, request: MeetingRequest) -> Meeting:
    """Return the meeting that an answer describes. Raises Temporary of unknown outcome where it is unusable."""
    item = data if isinstance(data, Mapping) else {}
    if not (external_id := _text(item, "id")) or not (link := _text(item, "joinWebUrl")):
        raise Temporary("Microsoft's answer has no meeting in it.", outcome_known=False)
    audio, lobby = _object(item, "audioConferencing"), _object(item, "joinMeetingIdSettings")
    code = _text(audio, "conferenceId")
    numbers = tuple(_numbers(audio, code))
    try:
        return Meeting(
            where="Microsoft Teams",
            external_id=external_id,
            join_url=link,
            dial_in=numbers,
            passcode=_text(lobby, "passcode"),
            dial_in_id=code if numbers else "",
            data=sent(request),
        )
    except ValueError as fault:
        raise Temporary(f"Microsoft's answer is unusable: {fault}.", outcome_known=False) from fault


def _numbers(audio: Mapping[str, Any], code: str) -> Iterator[DialIn]:
    for name, label in (("tollNumber", ""), ("tollFreeNumber", "toll-free")):
        shown = _text(audio, name)
        digits = "".join(c for c in shown if c in "+0123456789")
        if len(digits) >= 4:
            tap = f"tel:{digits},,{code}#" if code.isdigit() else f"tel:{digits}"
            yield DialIn(number=shown, label=label, tap=tap)


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = item.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
