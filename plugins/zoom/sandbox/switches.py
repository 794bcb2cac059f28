"""The switches of the sandbox: each one names a behaviour that is disputed, optional or shortened for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

HELP_PAGE_SCOPES = ("meeting:write:meeting", "meeting:update:meeting", "meeting:delete:meeting", "user:read:user")

SCOPE_WORDS = {
    "meeting:write:meeting": "Create meetings for you",
    "meeting:update:meeting": "Update your meetings",
    "meeting:delete:meeting": "Delete your meetings",
    "user:read:user": "View your user information",
    "meeting:read:meeting": "View your meetings, and be told when they change",
    "meeting:read:list_meetings": "View the list of your meetings",
    "meeting:read:list_upcoming_meetings": "View the list of your upcoming meetings",
    "meeting:read:invitation": "View the invitation of your meetings",
    "meeting:update:status": "End or recover your meetings",
}


@dataclass
class Switches:
    """All switches with their defaults; `help` of a field's metadata says what it does."""

    scopes: list[str] = field(
        default_factory=lambda: list(HELP_PAGE_SCOPES),
        metadata={"help": "scopes of the app, granted at consent; tokens keep theirs until the user consents again"},
    )
    access_ttl_s: int = field(default=3600, metadata={"help": "life of an access token"})
    refresh_ttl_s: int = field(default=90 * 86400, metadata={"help": "life of a refresh token"})
    grace_s: int = field(default=0, metadata={"help": "for so long a rotated refresh token still works"})
    reuse_revokes_family: bool = field(
        default=False, metadata={"help": "a rotated refresh token used again kills the whole grant"}
    )
    kill_old_access: bool = field(default=False, metadata={"help": "a refresh kills the access token before it"})
    invalid_client_status: int = field(default=400, metadata={"help": "status of an invalid_client answer: 400 or 401"})
    account_credentials: bool = field(
        default=False, metadata={"help": "accept grant_type=account_credentials (server-to-server clients)"}
    )
    preapproval_required: bool = field(
        default=False, metadata={"help": "the user's admin has not approved the app: no consent page"}
    )
    xml_errors: bool = field(default=True, metadata={"help": "errors are XML where Accept excludes JSON"})
    lenient_enums: bool = field(
        default=False, metadata={"help": "an unknown enum value is coerced to its default instead of refused"}
    )
    in_progress_delete: bool = field(
        default=True, metadata={"help": "deleting a meeting in progress answers 400/3002 instead of deleting it"}
    )
    scope_error_code: int = field(default=4711, metadata={"help": "code of the missing-scope answer: 4711 or 104"})
    strong_passcodes: bool = field(
        default=False,
        metadata={"help": "a made passcode has ten letters and digits, a phone's ten digits; off: six digits for both"},
    )
    sandbox_links: bool = field(
        default=True, metadata={"help": "join and start links lead to the sandbox; off: to the us05web.zoom.us form"}
    )
    rate_limits: bool = field(default=False, metadata={"help": "limit calls per second and account"})
    light_per_s: int = field(default=4, metadata={"help": "calls per second with label Light"})
    medium_per_s: int = field(default=2, metadata={"help": "calls per second with label Medium"})
    daily_limit: int = field(
        default=100, metadata={"help": "creates and updates per user and UTC day; 0 switches the limit off"}
    )
    list_delay_s: int = field(default=0, metadata={"help": "for so long a new meeting is missing from the lists"})
    webhook_speed: float = field(
        default=1.0,
        metadata={"help": "how many times faster than real the retries of webhooks come (+5, +20, +60 min)"},
    )

    def set(self, values: dict[str, Any]) -> None:
        """Set the named switches. Raises ValueError for an unknown name or a value of another kind."""
        kinds = {f.name: type(getattr(self, f.name)) for f in fields(self)}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"unknown switch: {name}")
            if kinds[name] is float and type(value) is int:
                value = float(value)
            if type(value) is not kinds[name]:
                raise ValueError(f"switch {name} takes a {kinds[name].__name__}")
            if name == "scopes":
                value = [str(scope) for scope in value]
            if isinstance(value, (int, float)) and (value < 0 or (name == "webhook_speed" and not value)):
                raise ValueError(f"switch {name} can't be {value}")
            setattr(self, name, value)

    def describe(self) -> list[dict[str, Any]]:
        """Return name, value, and meaning of every switch."""
        return [{"name": f.name, "value": getattr(self, f.name), "help": f.metadata["help"]} for f in fields(self)]
