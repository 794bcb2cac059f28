"""The pages: one blueprint per module."""

from hub.web import auth, integrations

BLUEPRINTS = (
    auth.blueprint,
    integrations.blueprint,
)
