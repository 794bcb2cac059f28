"""The public names for plugins: hook marker, values and errors. Imports no Flask."""

from hub.errors import (
    ConnectionLost,
    HubError,
    InvalidInput,
    MeetingGone,
    MissingScopes,
    PluginFault,
    ProviderError,
    Rejected,
    Temporary,
)
from hub.facts import Choice, Field, LocationProvider, OAuth2, Reply, Scope, Setting
from hub.hookspecs import hookimpl
from hub.values import Account, Api, Card, DialIn, Location, Meeting, MeetingRequest, Person, Readiness

__all__ = [
    "Account",
    "Api",
    "Card",
    "Choice",
    "ConnectionLost",
    "DialIn",
    "Field",
    "HubError",
    "InvalidInput",
    "Location",
    "LocationProvider",
    "Meeting",
    "MeetingGone",
    "MeetingRequest",
    "MissingScopes",
    "OAuth2",
    "Person",
    "PluginFault",
    "ProviderError",
    "Readiness",
    "Rejected",
    "Reply",
    "Scope",
    "Setting",
    "Temporary",
    "hookimpl",
]
