"""Google Meet: makes one Meet space per booking in the host's own Google account; a space has no time of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub import (
    Account,
    Api,
    DialIn,
    LocationProvider,
    Meeting,
    MissingScopes,
    OAuth2,
    ProviderError,
    Reply,
    Scope,
    Temporary,
    hookimpl,
)


def read_error(reply: Reply) -> ProviderError | None:
    """Return what a failed answer of Google means where it departs from HTTP's usual meaning."""
    error = reply.data.get("error") if isinstance(reply.data, Mapping) else None
    details = error.get("details") if isinstance(error, Mapping) else None
    reasons = {one.get("reason") for one in details or () if isinstance(one, Mapping)}
    return MissingScopes(()) if reply.status == 403 and "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in reasons else None


# Endpoints: https://accounts.google.com/.well-known/openid-configuration. The time of a booking is the hub's alone:
# https://developers.google.com/workspace/meet/api/reference/rest/v2/spaces has no field for it.
OAUTH = OAuth2(
    base_url="https://oauth2.googleapis.com",
    authorize_path="https://accounts.google.com/o/oauth2/v2/auth",
    token_path="/token",  # noqa: S106 - a path
    revoke_path="/revoke",
    api_url="https://meet.googleapis.com/v2",
    identity_url="https://openidconnect.googleapis.com/v1",
    scopes=(
        Scope(
            "https://www.googleapis.com/auth/meetings.space.created",
            "Create Meet spaces",
            "Make a Meet link for each booking",
        ),
        Scope(
            "https://www.googleapis.com/auth/userinfo.email",
            "See your email address",
            "Display the connected Google account email in settings",
        ),
    ),
    read_error=read_error,
    # Only a consent that is asked for anew comes with a refresh token.
    authorize_query={"scope": "openid", "access_type": "offline", "prompt": "consent"},
    token_auth="post",  # noqa: S106 - a way
)


@hookimpl
def location_provider() -> LocationProvider:
    """Return the facts of Google Meet."""
    return LocationProvider(
        key="googlemeet",
        label="Google Meet",
        group="Video Conferencing",
        icon="icon.svg",
        blurb="A Meet link of its own for every booking",
        oauth=OAUTH,
    )


@hookimpl
def connect_account(api: Api) -> Account:
    """Return whose Google account the grant is for."""
    person = _object(api.get("/userinfo").data)
    if not (external_id := _text(person, "sub")):
        raise Temporary("Google did not say whose account this is.")
    return Account(external_id, _text(person, "email") or external_id)


@hookimpl
def describe_location() -> str:
    """Return what the invitee gets."""
    return "You get a Google Meet link by mail"


@hookimpl
def create_meeting(api: Api) -> Meeting:
    """Make a space."""
    space = _object(api.post("/spaces", json={}).data)
    name, link = _text(space, "name"), _text(space, "meetingUri")
    if not name or not link:
        raise Temporary("Google's answer has no meeting in it.", outcome_known=False)
    numbers = tuple(_numbers(space.get("phoneAccess")))
    try:
        return Meeting("Google Meet", external_id=name.removeprefix("spaces/"), join_url=link, dial_in=numbers)
    except ValueError as fault:
        raise Temporary(f"Google's answer is unusable: {fault}.", outcome_known=False) from fault


@hookimpl
def update_meeting(meeting: Meeting) -> Meeting:
    """Return the same: a space is open at all times."""
    return meeting


@hookimpl
def sandbox_app(public_url: str) -> Any:
    """Return the local stand-in for Google."""
    from plugins.googlemeet.sandbox import Google  # not needed, and not loaded, where real bookings are taken

    return Google(public_url)


def _numbers(rows: Any) -> Iterator[DialIn]:
    """Yield the numbers of a space, each with its own pin; Google gives them to paying accounts only."""
    for row in rows if isinstance(rows, list) else ():
        one = _object(row)
        shown, pin = _text(one, "phoneNumber"), _text(one, "pin")
        digits = "".join(c for c in shown if c in "+0123456789")
        if len(digits) >= 4:
            tap = f"tel:{digits},,{pin}#" if pin.isdigit() else f"tel:{digits}"
            label = f"PIN {pin}" if pin else ""
            yield DialIn(number=shown, country=_text(one, "regionCode")[:2], label=label, tap=tap)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""
