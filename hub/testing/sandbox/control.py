"""The control API under /_sim: JSON for tests and scripts. It is no part of the vendor and has no login: loopback only."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from . import grants, oauth
from .faults import KINDS
from .rest import Answer, json_answer
from .state import JSON, User

if TYPE_CHECKING:
    from .app import Sandbox

ROUTES = Map(
    [
        Rule(f"/_sim{path}", endpoint=endpoint, methods=[method])
        for method, path, endpoint in (
            ("GET", "/state", "state"),
            ("POST", "/reset", "reset"),
            ("GET", "/requests", "requests"),
            ("GET", "/switches", "switches"),
            ("PATCH", "/switches", "set_switches"),
            ("GET", "/faults", "faults"),
            ("POST", "/faults", "add_fault"),
            ("DELETE", "/faults", "clear_faults"),
            ("DELETE", "/faults/<int:fault_id>", "clear_faults"),
            ("POST", "/clock", "advance"),
            ("POST", "/users", "add_user"),
            ("POST", "/authorize", "authorize"),
            ("POST", "/revoke", "revoke"),
            ("POST", "/expire", "expire"),
            ("DELETE", "/meetings/<meeting_id>", "remove"),
        )
    ]
)


def answer(sandbox: Sandbox, request: Request) -> Answer:
    """Answer one call. Raises werkzeug's HTTPException."""
    if request.method == "POST" and request.mimetype != "application/json":
        # A page of another site could send any other form.
        raise BadRequest("Send JSON, with Content-Type: application/json")
    name, values = ROUTES.bind_to_environ(request.environ).match()
    try:
        return json_answer(200, getattr(Control(sandbox, request), name)(**values))
    except (TypeError, ValueError) as wrong:
        raise BadRequest(str(wrong)) from None


class Control:
    """One call; each method is one route."""

    def __init__(self, sandbox: Sandbox, request: Request) -> None:
        self._sandbox, self._state = sandbox, sandbox.state
        body = request.get_json(silent=True) if request.data else {}
        self._body: JSON = body if isinstance(body, dict) else {}
        self._query = request.args

    def state(self) -> JSON:
        """Return everything but secrets."""
        return self._state.dump()

    def reset(self) -> JSON:
        """Forget users, meetings, tokens, log and faults, and start anew; switches stay."""
        self._sandbox.faults.clear()
        self._state.seed()
        return {"ok": True}

    def requests(self) -> JSON:
        """Return the request log, of one `route` and after number `since` if asked."""
        since, route = int(self._query.get("since", 0)), self._query.get("route")
        found = [e for e in list(self._state.requests) if e["n"] > since and route in (None, e["route"])]
        return {"requests": found}

    def switches(self) -> JSON:
        """Return the switches."""
        return asdict(self._state.switches)

    def set_switches(self) -> JSON:
        """Set the named switches."""
        unknown = [scope for scope in self._body.get("scopes", ()) if scope not in self._sandbox.scope_words]
        if unknown:
            raise ValueError(f"the sandbox does not know the scope {', '.join(unknown)}")
        with self._state.change():
            self._state.switches.set(self._body)
        return self.switches()

    def faults(self) -> JSON:
        """Return the faults on order, and which routes and kinds there are."""
        faults = self._sandbox.faults
        return {"faults": faults.listed(), "kinds": KINDS, "routes": ["*", *faults.routes]}

    def add_fault(self) -> JSON:
        """Order a fault."""
        return self._sandbox.faults.add(**self._body).describe()

    def clear_faults(self, fault_id: int | None = None) -> JSON:
        """Clear one fault, or all."""
        self._sandbox.faults.clear(fault_id)
        return {"ok": True}

    def advance(self) -> JSON:
        """Advance the clock by `advance_s` seconds."""
        with self._state.change() as data:
            data.offset_s += float(self._body.get("advance_s", 0))
        return {"now": self._state.stamp()}

    def add_user(self) -> JSON:
        """Add a person with `email` and `name`, or change one; `facts` are the sandbox's own."""
        with self._state.change() as data:
            user = self._sandbox.person(self._body["email"], self._body.get("name", ""))
            user.facts |= self._body.get("facts", {})
            user.active = bool(self._body.get("active", True))
            data.users[user.id] = user
            return asdict(user)

    def authorize(self) -> JSON:
        """Answer an authorize `url` as `user` with `decision` allow or deny; returns the `location` to follow."""
        query = dict(parse_qsl(urlsplit(self._body.get("url", "")).query))
        wrong = oauth.refuse(self._sandbox, query)
        if wrong:
            raise BadRequest(wrong)
        allow = self._body.get("decision", "allow") == "allow"
        return {"location": oauth.decision(self._sandbox, self._user(), query, allow=allow)}

    def revoke(self) -> JSON:
        """Remove the app from a `user`'s account: all its tokens die."""
        with self._state.change():
            return {"ended": grants.end(self._state, user_id=self._user().id)}

    def expire(self) -> JSON:
        """Let a `user`'s access tokens expire now."""
        with self._state.change():
            return {"expired": grants.expire(self._state, self._user().id)}

    def remove(self, meeting_id: str) -> JSON:
        """Delete a meeting as its owner would at the vendor's site."""
        with self._state.change() as data:
            if meeting_id not in data.meetings:
                raise NotFound("no such meeting")
            data.meetings[meeting_id].deleted_at = self._state.stamp()
        return {"ok": True}

    def _user(self) -> User:
        user = self._state.find_user(str(self._body.get("user", "ada@example.com")))
        if not user:
            raise NotFound("no such user")
        return user
