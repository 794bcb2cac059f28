"""The pages: one blueprint per module."""

from hub.web import auth, availability, booking, changing, event_types, integrations, onboarding, ops

BLUEPRINTS = (
    auth.blueprint,
    availability.blueprint,
    event_types.blueprint,
    integrations.blueprint,
    changing.blueprint,
    onboarding.blueprint,
    ops.blueprint,
    booking.blueprint,
)
