"""The request log: what the app under test asked for, without its secrets."""

from __future__ import annotations

import itertools
import json

from werkzeug.wrappers import Request

from .state import JSON, State

SECRETS = {"access_token", "code", "state", "code_challenge", "code_verifier", "refresh_token", "token"}

_numbers = itertools.count(1)


def record(state: State, request: Request, route: str) -> JSON:
    """Log a request and return the entry. `status` is what the caller saw (None: nothing), `done` what was done."""
    entry: JSON = {
        "n": next(_numbers),
        "at": state.stamp(),
        "route": route,
        "method": request.method,
        "path": request.path,
        "query": {name: "(hidden)" if name in SECRETS else value for name, value in request.args.items()},
        "body": None,
        "user": None,
        "fault": None,
        "done": None,
        "status": None,
    }
    if route == "token":
        entry["body"] = {"grant_type": request.form.get("grant_type", "")}
    elif request.mimetype == "application/json":
        try:
            entry["body"] = json.loads(request.get_data())
        except (ValueError, RecursionError):
            entry["body"] = "(not JSON)"
    state.requests.append(entry)
    return entry
