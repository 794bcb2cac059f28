"""What a vendor's local stand-in is built from: OAuth, users, meetings, faults, a request log and a control API.

    class Acme(Sandbox):
        name = "Acme Meet"
        scopes = (("rooms:write", "Make rooms for you"),)

        @operation("POST", "/v1/rooms", "create", scope="rooms:write")
        def create(self, call: Call) -> JSON:
            return {"id": self.make(call.user, call.body).id}

`Acme("http://127.0.0.1:5001")` is then a WSGI app. This package knows nothing of the hub, so that a sandbox made with
it can't agree with the hub's mistakes.
"""

from .app import Sandbox
from .rest import Call, Refused, operation
from .state import JSON, Meeting, User

__all__ = ["JSON", "Call", "Meeting", "Refused", "Sandbox", "User", "operation"]
