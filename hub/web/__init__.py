"""The pages: one blueprint per module."""

from hub.web import (
    account_links,
    auth,
    availability,
    booking,
    booking_changes,
    changing,
    event_types,
    help,
    integrations,
    leaving,
    onboarding,
    operator,
    ops,
    profile,
    webhooks,
)

BLUEPRINTS = (
    account_links.blueprint,
    auth.blueprint,
    availability.blueprint,
    event_types.blueprint,
    help.blueprint,
    integrations.blueprint,
    booking_changes.blueprint,
    changing.blueprint,
    onboarding.blueprint,
    operator.blueprint,
    ops.blueprint,
    leaving.blueprint,
    profile.blueprint,
    webhooks.blueprint,
    booking.blueprint,
)
