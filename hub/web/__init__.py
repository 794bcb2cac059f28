"""The pages: one blueprint per module."""

from hub.web import auth

BLUEPRINTS = (auth.blueprint,)
