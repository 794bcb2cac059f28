"""Frozen facts by which a plugin describes its provider to the core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.answers import Answer
from hub.errors import ProviderError

FieldKind = Literal["text", "multiline", "tel", "address", "url", "choice"]


@dataclass(frozen=True)
class Choice:
    """One option of a field of kind `choice`: `value` is stored, `label` is shown."""

    value: str
    label: str


@dataclass(frozen=True)
class Field:
    """One input that a provider asks a host or an invitee for; values are text.

    `when` = (other field's name, its value) shows and requires the field only then. `private` marks a host's value
    that the host may keep hidden until a booking is made.
    """

    name: str
    label: str
    kind: FieldKind = "text"
    required: bool = True
    help: str = ""
    choices: tuple[Choice, ...] = ()
    when: tuple[str, str] | None = None
    private: bool = False


@dataclass(frozen=True)
class Setting:
    """One operator's setting of a provider, read from the environment as HUB_<KEY>_<NAME>.

    `goes_with` names the setting without which this one is of no use: set alone, it is an error at start.
    """

    name: str
    help: str
    secret: bool = False
    required: bool = False
    default: str = ""
    goes_with: str = ""


@dataclass(frozen=True)
class Scope:
    """One permission asked of the host: the vendor's `name`, and in words what it is and what it is for.

    `enables` names the hook that works only with this scope (for optional ones), or several with spaces between.
    """

    name: str
    label: str
    purpose: str
    enables: str = ""


@dataclass(frozen=True)
class Reply:
    """A vendor's answer: HTTP status, lower-case headers, and the body as JSON (`data`, None if it is none) and text."""

    status: int
    headers: Mapping[str, str]
    data: Any
    text: str = field(repr=False)

    @property
    def answer(self) -> Answer:
        """The body as a JSON object that is read without trust."""
        return Answer(self.data)


@dataclass(frozen=True)
class OAuth2:
    """Facts of a vendor's OAuth 2.0: endpoints as paths below `base_url`, and the REST base `api_url`.

    HUB_<KEY>_OAUTH_URL and HUB_<KEY>_API_URL replace the two bases. A vendor whose consent page is on another host gives
    that address in full as `authorize_path`; where the base is replaced, its path is taken. `authorize_query` is added
    to the consent page's address; a `scope` in it is added to the scopes, for those that the vendor wants to be asked
    for but never names in its answer. `scopes_in_url` is False where the vendor keeps the app's scopes itself.
    `identity_url` is the base for `connect_account` where who has signed in is told on another host than the REST base.
    `token_auth` is how the hub proves itself at the token endpoint. `read_error` may turn a failed answer (HTTP status
    >= 400) into an error where the vendor departs from HTTP's usual meaning; None leaves it to the core.
    """

    base_url: str
    authorize_path: str
    token_path: str
    api_url: str
    scopes: tuple[Scope, ...]
    revoke_path: str = ""
    optional_scopes: tuple[Scope, ...] = ()
    read_error: Callable[[Reply], ProviderError | None] | None = None
    authorize_query: Mapping[str, str] = field(default_factory=dict)
    scopes_in_url: bool = True
    identity_url: str = ""
    token_auth: Literal["basic", "post"] = "basic"  # noqa: S105 - a way, no password

    def granted(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return what a vendor says it granted, by our names: some name a scope in full, or only by its last part.

        A last part that two of our scopes share stands for neither: no permission counts that nobody gave.
        """
        ours = [scope.name for scope in (*self.scopes, *self.optional_scopes)]
        return tuple(sorted({_ours(ours, name) for name in names}))


def _ours(ours: list[str], name: str) -> str:
    alike = [one for one in ours if _last_part(one) == _last_part(name)]
    return alike[0] if name not in ours and len(alike) == 1 else name


def _last_part(scope: str) -> str:
    return scope.rpartition("/")[2].lower()


@dataclass(frozen=True)
class Limits:
    """What a vendor allows one account; 0 is any number.

    `per_day` counts creates and moves in a day that begins at 00:00 UTC; of them `reserve` are kept for moves.
    `per_second` counts calls of any kind, for all accounts of one `Account.pool` together; `reads_per_second` is for
    vendors that allow fewer GETs.
    """

    per_day: int = 0
    reserve: int = 0
    per_second: int = 0
    reads_per_second: int = 0


@dataclass(frozen=True)
class LocationProvider:
    """A kind of location, as its plugin describes it.

    `key` is lower-case letters and digits. `group` is the heading on the settings page. `icon` names an SVG file in
    the plugin's package. `blurb` is one line for hosts, `for_invitees` one that tells invitees what they get, for a
    provider without the hook `describe_location`. `manifests` names files in the package that set the hub up at
    the vendor: the usual one, and after it the one with all optional scopes. In them stand $public_url, $redirect_url
    and $webhook_url.
    """

    key: str
    label: str
    group: str
    icon: str
    blurb: str
    oauth: OAuth2 | None = None
    host_fields: tuple[Field, ...] = ()
    settings: tuple[Setting, ...] = ()
    manifests: tuple[str, ...] = ()
    limits: Limits = Limits()
    for_invitees: str = ""
