"""The base class of a sandbox: a WSGI app of the author's operations with OAuth, faults, a log and a control API around."""

from __future__ import annotations

import inspect
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from . import control, grants, oauth, wire
from .faults import AFTER, Faults, refusal, spoil
from .grants import OAuthError
from .log import record
from .pages import page, style
from .rest import MARK, Answer, Call, Operation, Refused, body_of, json_answer
from .state import JSON, Clock, Meeting, State, User, utc_now
from .switches import Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

PEOPLE = (("ada@example.com", "Ada Lovelace"), ("grace@example.com", "Grace Hopper"))
MAX_BODY = 1_000_000


class Sandbox:
    """A local stand-in for a vendor at `public_url`; subclasses set the names below and add operations.

    `scopes` are pairs of a scope and what the consent page says of it, `people` of an address and a name;
    `unnamed_scopes` may be asked for and are named nowhere; `switches` of
    a name and a value.

    With `state_file`, users, meetings and tokens (as digests) survive a restart; by default it lies in the folder
    HUB_SANDBOX_STATE_DIR where the demo set that. `clock` returns aware times. `redirect_uris` are the addresses that
    codes may go to; none means any loopback address. Further options are switches (see switches.py).
    """

    name = "Vendor"
    client_id = "sandbox-client"
    client_secret = "sandbox-secret"
    authorize_path = "/oauth/authorize"
    token_path = "/oauth/token"
    revoke_path = ""
    scopes: Sequence[tuple[str, str]] = ()
    unnamed_scopes: Sequence[str] = ()
    people: Sequence[tuple[str, str]] = PEOPLE
    switches: Sequence[tuple[str, Any]] = ()

    def __init__(
        self,
        public_url: str,
        *,
        clock: Clock = utc_now,
        state_file: str | None = None,
        redirect_uris: Sequence[str] = (),
        **switches: Any,
    ) -> None:
        self.public_url = public_url.rstrip("/")
        self.redirect_uris = tuple(redirect_uris)
        self.scope_words = dict(self.scopes)
        chosen = Switches(scopes=list(self.scope_words))
        chosen.set({**dict(self.switches), **switches})
        people = [self.person(*one) for one in self.people]
        self.state = State(people, chosen, clock=clock, file=state_file or self._state_file())
        self._operations = {
            mark.route: (mark, method)
            for _, method in inspect.getmembers(self, inspect.ismethod)
            if (mark := getattr(method, MARK, None))
        }
        self._pages = {self.authorize_path: oauth.authorize}
        self._oauth = {self.token_path: ("token", oauth.token), self.revoke_path: ("revoke", oauth.revoke)}
        self.faults = Faults([*self._operations, "authorize", "token", "revoke"])
        self._map = Map([Rule(m.path, endpoint=m.route, methods=[m.method]) for m, _ in self._operations.values()])

    # What a subclass uses.

    def make(self, user: User, values: JSON, *, id: str = "") -> Meeting:
        """Make a meeting of this user and return it."""
        made = Meeting(id or uuid.uuid4().hex, user.id, self.state.stamp(), dict(values))
        self.state.data.meetings[made.id] = made
        return made

    def find(self, user: User, id: str) -> Meeting:
        """Return the user's meeting with this id. Raises Refused (404) where there is none, or it was deleted."""
        found = self.state.data.meetings.get(id)
        if not found or found.deleted_at or found.user_id != user.id:
            raise Refused(404, f"There is no meeting {id}.")
        return found

    def remove(self, meeting: Meeting) -> None:
        """Delete a meeting."""
        meeting.deleted_at = self.state.stamp()

    def listed(self, user: User) -> list[Meeting]:
        """Return the user's meetings that a list shows by now, oldest first."""
        late = self.state.ts() - self.state.switches.list_delay_s
        mine = [m for m in self.state.data.meetings.values() if m.user_id == user.id and not m.deleted_at]
        return sorted((m for m in mine if _ts(m) <= late), key=lambda m: m.created_at)

    def room(self, meeting: Meeting) -> str:
        """Return a link under which browsers see a page in the meeting's place."""
        return f"{self.public_url}/_sim/room/{meeting.id}"

    # What a subclass may replace.

    def person(self, email: str, name: str) -> User:
        """Return a user of this vendor; the id is the same after a restart. Put what the vendor knows more into `facts`."""
        return User(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}:{email.lower()}").hex, email.lower(), name or email)

    def lasts(self, query: Mapping[str, str]) -> bool:
        """Say whether a grant for this authorize query comes with a refresh token."""
        return True

    def refusal(self, refused: Refused) -> JSON:
        """Return the vendor's JSON of a refused call."""
        return {"message": refused.message}

    def oauth_refusal(self, error: OAuthError) -> JSON:
        """Return the vendor's JSON of a refusal at the token endpoint."""
        return {"error": error.error, "error_description": error.description}

    # How it is served.

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        request.max_content_length = MAX_BODY
        try:
            return self._serve(request, environ, start_response)
        except HTTPException as wrong:
            return _respond(json_answer(wrong.code or 400, {"error": wrong.description}))(environ, start_response)

    def _serve(self, request: Request, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        route, mark, values = self._route(request)
        if not route:
            return self._own(request)(environ, start_response)
        entry = record(self.state, request, route)
        fault = self.faults.take(route)
        entry["fault"] = fault.kind if fault else None
        if fault and fault.kind == "reset_before":
            return wire.reset(environ, start_response)
        if fault and fault.kind == "latency":
            fault.cleared.wait(fault.seconds)
        if fault and fault.kind not in AFTER and fault.kind != "latency":
            answer = refusal(fault, mark.scope if mark else "", self.answer_of, self.oauth_answer)
        else:
            answer = self._work(request, route, mark, values, entry)
        entry["done"] = answer.status
        if fault and fault.kind == "reset_after":
            return wire.reset(environ, start_response)
        if fault and fault.kind == "cut":
            half = answer.body[: len(answer.body) // 2] or b"{"
            return wire.cut(half, start_response, status=Response(status=answer.status).status)
        if fault and fault.kind in AFTER:
            answer = spoil(fault, answer)
        entry["status"] = answer.status
        return _respond(answer)(environ, start_response)

    def answer_of(self, refused: Refused) -> Answer:
        """Return the answer of a refused call."""
        return json_answer(refused.status, self.refusal(refused))

    def oauth_answer(self, error: OAuthError) -> Answer:
        """Return the answer of a refusal at the token endpoint."""
        return json_answer(error.status, self.oauth_refusal(error), {"Cache-Control": "no-store"})

    def _route(self, request: Request) -> tuple[str, Operation | None, Mapping[str, Any]]:
        """Return the route's name, its operation and the path's arguments; an empty name for the sandbox's own pages."""
        if request.path == self.authorize_path:
            return "authorize", None, {}
        if request.path in self._oauth and request.method == "POST":
            return self._oauth[request.path][0], None, {}
        if request.path == "/" or request.path.startswith("/_sim/"):
            return "", None, {}
        try:
            name, values = self._map.bind_to_environ(request.environ).match()
        except HTTPException:
            return "other", None, {}
        return name, self._operations[name][0], values

    def _work(
        self, request: Request, route: str, mark: Operation | None, values: Mapping[str, Any], entry: JSON
    ) -> Answer:
        if route == "authorize":
            shown = oauth.authorize(self, request)
            return Answer(shown.status_code, shown.get_data(), dict(shown.headers))
        if mark is None:
            known = self._oauth.get(request.path)
            return (
                known[1](self, request) if known else self.answer_of(Refused(404, "There is nothing at this address."))
            )
        with self.state.lock if mark.method == "GET" else self.state.change():
            try:
                user = self._caller(request, mark.scope)
                entry["user"] = user.email
                call = Call(user, body_of(request.get_data()), request.args.to_dict(), dict(request.headers))
                result = self._operations[mark.route][1](call, **values)
            except Refused as refused:
                return self.answer_of(refused)
        status, content = result if isinstance(result, tuple) else (mark.status, result)
        return json_answer(204 if content is None and status == 200 else status, content)

    def _caller(self, request: Request, scope: str) -> User:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        found = grants.holder(self.state, secret.strip()) if kind.lower() == "bearer" else None
        if not found:
            raise Refused(401, "The access token is missing, unknown, revoked or expired.")
        if scope and scope not in found[1].scopes:
            raise Refused.missing(scope)
        return found[0]

    def _own(self, request: Request) -> Response:
        if request.path == "/_sim/sandbox.css":
            return style()
        if request.path == "/":
            with self.state.lock:
                return page(self, "home.html", **self.state.dump(), log=list(self.state.requests)[-50:])
        if request.path.startswith("/_sim/room/"):
            meeting = self.state.data.meetings.get(request.path.rpartition("/")[2])
            text = "It would take place here." if meeting and not meeting.deleted_at else "There is no such meeting."
            return page(self, "message.html", title="A meeting", text=text)
        return _respond(control.answer(self, request))

    def _state_file(self) -> str | None:
        folder = os.environ.get("HUB_SANDBOX_STATE_DIR")
        return os.path.join(folder, f"{self.name.lower().replace(' ', '-')}.json") if folder else None


def _ts(meeting: Meeting) -> float:
    return datetime.fromisoformat(meeting.created_at).timestamp()


def _respond(answer: Answer) -> Response:
    response = Response(answer.body, status=answer.status)
    response.headers.pop("Content-Type", None)
    response.headers.update(answer.headers)
    return response
