"""Which fields a meeting takes and what they may hold: the checks behind Zoom's "Validation Failed."."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .clock import known_timezone, parse_start
from .errors import ApiError, invalid_field
from .model import JSON

TYPES = (1, 2, 3, 8, 10)
"""Kinds of meeting: 1 instant, 2 scheduled, 3 recurring without and 8 with a fixed time, 10 screen sharing only."""

ENUMS: dict[str, tuple[Any, ...]] = {
    "audio": ("both", "telephony", "voip", "thirdParty"),
    "auto_recording": ("none", "local", "cloud"),
    "approval_type": (2, 0, 1),
    "jbh_time": (0, 5, 10, 15),
    "encryption_type": ("enhanced_encryption", "e2ee"),
    "registration_type": (1, 2, 3),
    "calendar_type": (1, 2),
}
"""Settings with few allowed values; the first one is the default."""

DEFAULTS: JSON = {
    "host_video": False,
    "participant_video": False,
    "cn_meeting": False,
    "in_meeting": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "enforce_login": False,
    "enforce_login_domains": "",
    "alternative_hosts": "",
    "close_registration": False,
    "registrants_confirmation_email": True,
    "waiting_room": True,
    "registrants_email_notification": True,
    "meeting_authentication": False,
    "encryption_type": "enhanced_encryption",
    "private_meeting": False,
    "email_notification": True,
    "show_join_info": False,
}
"""The settings every answer shows, with the values that a host who changed nothing has."""

_OPTIONAL: dict[str, type] = {
    "contact_name": str,
    "contact_email": str,
    "authentication_option": str,
    "authentication_domains": str,
    "audio_conference_info": str,
    "push_change_to_calendar": bool,
    "allow_multiple_devices": bool,
    "focus_mode": bool,
    "internal_meeting": bool,
    "global_dial_in_countries": list,
}

_LENGTHS = {"topic": 200, "agenda": 2000, "password": 10}


def clean(body: JSON, *, own: set[str], timezone: str, lenient: bool) -> JSON:
    """Return what a create or update body asks for, checked; null and unknown fields are left out.

    `own` holds the names of the user that `schedule_for` may repeat, `timezone` the zone of a start
    time without one. The start time comes back as an aware UTC datetime. Raises ApiError 400/300.
    """
    given = {name: value for name, value in body.items() if value is not None}
    wanted: JSON = {}
    for name, limit in _LENGTHS.items():
        if name in given:
            wanted[name] = _text(name, given[name], limit)
    for name in ("default_password", "pre_schedule"):
        if name in given:
            wanted[name] = _typed(name, given[name], bool)
    if "type" in given:
        wanted["type"] = _choice("type", given["type"], (2, *TYPES), lenient=lenient)
    if "duration" in given:
        wanted["duration"] = _duration(given["duration"])
    if "timezone" in given:
        wanted["timezone"] = _zone(given["timezone"])
    if "start_time" in given:
        wanted["start_time"] = _start(given["start_time"], wanted.get("timezone", timezone))
    if given.get("schedule_for") and given["schedule_for"] not in own:
        raise ApiError(
            400,
            300,
            "The value that you entered in the schedule_for field is invalid. Enter a valid value and try again.",
        )
    if "settings" in given:
        wanted["settings"] = _settings(_typed("settings", given["settings"], dict), lenient=lenient)
    return wanted


def _settings(body: JSON, *, lenient: bool) -> JSON:
    wanted: JSON = {}
    for name, value in body.items():
        if value is None:
            continue
        where = f"settings.{name}"
        if name in ENUMS:
            wanted[name] = _choice(where, value, ENUMS[name], lenient=lenient)
        elif name in DEFAULTS:
            wanted[name] = _typed(where, value, type(DEFAULTS[name]))
        elif name in _OPTIONAL:
            wanted[name] = _typed(where, value, _OPTIONAL[name])
    return wanted


def _choice(where: str, value: Any, allowed: tuple[Any, ...], *, lenient: bool) -> Any:
    if type(value) is type(allowed[0]) and value in allowed:
        return value
    if lenient:
        return allowed[0]
    raise invalid_field(where)


def _typed(where: str, value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise invalid_field(where)
    return value


def _text(where: str, value: Any, limit: int) -> str:
    text: str = _typed(where, value, str)
    if len(text) > limit:
        raise invalid_field(where)
    return text


def _duration(value: Any) -> int:
    minutes: int = _typed("duration", value, int)
    if not 1 <= minutes <= 1440:
        raise invalid_field("duration")
    return minutes


def _zone(value: Any) -> str:
    name: str = _typed("timezone", value, str)
    if not known_timezone(name):
        raise invalid_field("timezone")
    return name


def _start(value: Any, timezone: str) -> datetime:
    try:
        return parse_start(_typed("start_time", value, str), timezone)
    except ValueError:
        raise invalid_field("start_time") from None
