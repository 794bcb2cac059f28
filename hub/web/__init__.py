"""The pages: one blueprint per module."""

from hub.web import auth, booking, integrations, manage, ops

BLUEPRINTS = (
    auth.blueprint,
    integrations.blueprint,
    manage.blueprint,
    ops.blueprint,
    booking.blueprint,
)
