"""The public names for plugins: hook marker, values and errors. Imports no Flask."""

from hub.answers import Answer
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
from hub.texts import Unusable, utc_text
from hub.values import Account, Api, Card, DialIn, Listed, Location, Meeting, MeetingRequest, Person, Readiness

__all__ = [
    "Account",
    "AccountRemoved",
    "Answer",
    "Api",
    "Card",
    "Choice",
    "ConnectionLost",
    "DialIn",
    "Field",
    "HubError",
    "InvalidInput",
    "Limits",
    "Listed",
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
    "Unusable",
    "VendorEvent",
    "WebhookReply",
    "WebhookRequest",
    "hookimpl",
    "utc_text",
]
