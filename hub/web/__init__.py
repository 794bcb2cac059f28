"""The pages: one blueprint per module."""

from hub.web import auth, integrations, ops

BLUEPRINTS = (
    auth.blueprint,
    integrations.blueprint,
    ops.blueprint,
)
