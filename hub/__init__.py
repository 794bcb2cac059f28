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
    Untrusted,
)
from hub.events import (
    AccountRemoved,
    MeetingDeleted,
    MeetingMoved,
    MeetingRestored,
    VendorEvent,
    WebhookReply,
    WebhookRequest,
)
from hub.facts import Choice, Field, Limits, LocationProvider, OAuth2, Reply, Scope, Setting
from hub.hookspecs import hookimpl
from hub.values import Account, Api, Card, DialIn, Location, Meeting, MeetingRequest, Person, Readiness

__all__ = [
    "Account",
    "AccountRemoved",
    "Api",
    "Card",
    "Choice",
    "ConnectionLost",
    "DialIn",
    "Field",
    "HubError",
    "InvalidInput",
    "Limits",
    "Location",
    "LocationProvider",
    "Meeting",
    "MeetingDeleted",
    "MeetingGone",
    "MeetingMoved",
    "MeetingRequest",
    "MeetingRestored",
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
    "Untrusted",
    "VendorEvent",
    "WebhookReply",
    "WebhookRequest",
    "hookimpl",
]
