"""The names by which faults and the request log call the sandbox's routes."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """A route of the simulated vendor, its scope and its rate label."""

    name: str
    method: str
    pattern: str
    scope: str = ""
    label: str = "Light"

    def matches(self, method: str, path: str) -> bool:
        """Say whether a request takes this route."""
        return method == self.method and re.fullmatch(self.pattern, path) is not None


ROUTES = (
    Route("authorize", "GET", "/oauth/authorize"),
    Route("allow", "POST", "/oauth/authorize"),
    Route("token", "POST", "/oauth/token"),
    Route("revoke", "POST", "/oauth/revoke"),
    Route("user", "GET", "/v2/users/[^/]+", "user:read:user"),
    Route("create", "POST", "/v2/users/[^/]+/meetings", "meeting:write:meeting"),
    Route("list", "GET", "/v2/users/[^/]+/meetings", "meeting:read:list_meetings", "Medium"),
    Route("upcoming", "GET", "/v2/users/[^/]+/upcoming_meetings", "meeting:read:list_upcoming_meetings", "Medium"),
    Route("get", "GET", "/v2/meetings/[^/]+", "meeting:read:meeting"),
    Route("update", "PATCH", "/v2/meetings/[^/]+", "meeting:update:meeting"),
    Route("delete", "DELETE", "/v2/meetings/[^/]+", "meeting:delete:meeting"),
    Route("invitation", "GET", "/v2/meetings/[^/]+/invitation", "meeting:read:invitation"),
    Route("status", "PUT", "/v2/meetings/[^/]+/status", "meeting:update:status"),
)

OTHER = Route("other", "", "")
"""A call under /v2 or /oauth that no route takes."""


def route_of(method: str, path: str) -> Route | None:
    """Return the route of a request; None for what Zoom does not have (pages, style sheet, control API)."""
    for route in ROUTES:
        if route.matches(method, path):
            return route
    return OTHER if path.startswith(("/v2/", "/oauth/")) else None
