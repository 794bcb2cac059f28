"""The errors that cross the border between the core, the pages and the plugins.

HubError
  InvalidInput             the form shows it beside the field
  SlotTaken                the invitee picks again
  NotPossible              the booking's state forbids what was asked; the page says why
  ProviderError            all that a provider may raise
    Temporary              later: retried with backoff and jitter
    ConnectionLost         the grant is dead: the host is asked to reconnect
    MissingScopes          the grant lacks something: named to the host
    MeetingGone            the vendor no longer has the meeting
    Rejected               the vendor refuses for good: no retry
    Untrusted              a webhook that the vendor can't be shown to have sent just now
    PluginFault            the plugin itself broke or returned rubbish: no retry
"""

from __future__ import annotations

from datetime import datetime


class HubError(Exception):
    """Base of every error that the hub raises on purpose; its text is meant for people."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence to show."""
        return str(self.args[0])


class InvalidInput(HubError):
    """What was typed can't be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SlotTaken(HubError):
    """That time has just been taken."""


class NotPossible(HubError):
    """That can't be done with this booking any more."""


class ProviderError(HubError):
    """The provider could not do what was asked."""


class Temporary(ProviderError):
    """The provider did not answer properly; it will be tried again.

    `retry_at` (aware) is when the vendor said to come back, else None. `outcome_known` is False when the request
    may have taken effect although no usable answer came. `away` says that the vendor's servers do not serve at all:
    after a few of those in a row the hub stops calling and only asks now and then.
    """

    def __init__(
        self, message: str = "", *, retry_at: datetime | None = None, outcome_known: bool = True, away: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_at = retry_at
        self.outcome_known = outcome_known
        self.away = away


class ConnectionLost(ProviderError):
    """The connection no longer works; the host has to reconnect."""


class MissingScopes(ProviderError):
    """The connection lacks permissions."""

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__(f"These permissions are missing: {', '.join(scopes) or 'not named by the provider'}.")
        self.scopes = scopes


class MeetingGone(ProviderError):
    """The meeting does not exist at the provider any more."""


class Rejected(ProviderError):
    """The provider refused; the message holds its own words."""


class Untrusted(ProviderError):
    """Nothing shows that the vendor sent this just now."""


class PluginFault(ProviderError):
    """The provider's plugin failed."""
