"""A local Webex: its routes and shapes as its REST reference names them; the rest comes from the base.

A simulation, checked against what Webex publishes of its API (tests/sandbox/published/webex.json) and never compared
with Webex itself.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from hub.testing.sandbox import JSON, Call, Meeting, Refused, Sandbox, operation

TEXTS = ("title", "start", "end", "timezone", "agenda")
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=23, minutes=59)


class Webex(Sandbox):
    """Webex as its API describes it."""

    name = "Webex"
    authorize_path = "/v1/authorize"
    token_path = "/v1/access_token"
    scopes = (
        ("meeting:schedules_write", "Schedule, change and delete your meetings"),
        ("meeting:schedules_read", "See your meetings"),
        ("spark:people_read", "See your name and email address"),
    )

    @operation("GET", "/v1/people/me", "user", scope="spark:people_read")
    def me(self, call: Call) -> JSON:
        return {"id": call.user.id, "emails": [call.user.email], "displayName": call.user.name, "type": "person"}

    @operation("GET", "/v1/meetings", "list", scope="meeting:schedules_read")
    def meetings(self, call: Call) -> JSON:
        tag = call.query.get("integrationTag", "")
        since, until = (moment(call.query[name]) if name in call.query else None for name in ("from", "to"))
        found = [one for one in self.listed(call.user) if not tag or tag in one.values["integrationTags"]]
        found = [one for one in found if not since or moment(one.values["end"]) > since]
        found = [one for one in found if not until or moment(one.values["start"]) < until]
        return {"items": [self.shape(one) for one in found[: min(int(call.query.get("max", "10")), 100)]]}

    @operation("POST", "/v1/meetings", "create", scope="meeting:schedules_write")
    def create(self, call: Call) -> JSON:
        return self.shape(self.make(call.user, self.checked(call, {"timezone": "UTC", "integrationTags": []})))

    @operation("PATCH", "/v1/meetings/<id>", "update", scope="meeting:schedules_write")
    def update(self, call: Call, id: str) -> JSON:
        meeting = self.find(call.user, id)
        meeting.values = self.checked(call, meeting.values)
        return self.shape(meeting)

    @operation("DELETE", "/v1/meetings/<id>", "delete", scope="meeting:schedules_write")
    def delete(self, call: Call, id: str) -> None:
        self.remove(self.find(call.user, id))

    def checked(self, call: Call, known: JSON) -> JSON:
        """Return what a meeting becomes with this body. Raises Refused (400) for what Webex would refuse."""
        call.text("title", required="title" not in known, most=128)
        call.text("agenda", most=1300)
        wanted = known | {name: call.text(name) for name in TEXTS if name in call.body}
        length = moment(wanted.get("end", "")) - moment(wanted.get("start", ""))
        if not SHORTEST <= length <= LONGEST:
            raise Refused(400, "A meeting must last from 10 minutes to 23 hours and 59 minutes.")
        if call.body.get("sendEmail", True):
            raise Refused(400, "This stand-in sends no mail: set sendEmail to false.")
        tags = call.body.get("integrationTags", known["integrationTags"])
        if not isinstance(tags, list) or len(tags) > 3 or not all(isinstance(t, str) and len(t) <= 64 for t in tags):
            raise Refused(400, "integrationTags must be at most 3 texts of at most 64 characters.")
        return wanted | {"integrationTags": tags}

    def shape(self, meeting: Meeting) -> JSON:
        """Return a meeting as Webex shows it to its host."""
        host = self.state.data.users[meeting.user_id]
        number = str(int(hashlib.sha256(meeting.id.encode()).hexdigest()[:12], 16))[:11]
        numbers = [
            {"label": "US Toll", "callInNumber": "+1-202-555-0123", "tollType": "toll"},
            {"label": "Austria Toll", "callInNumber": "+43-720-0123", "tollType": "toll"},
        ]
        return {
            **meeting.values,
            "id": meeting.id,
            "meetingNumber": number,
            "password": "Hb7n",
            "phoneAndVideoSystemPassword": "42760031",
            "meetingType": "meetingSeries",
            "scheduledType": "meeting",
            "state": "active",
            "hostUserId": host.id,
            "hostDisplayName": host.name,
            "hostEmail": host.email,
            "hostKey": "104857",
            "siteUrl": "site.webex.example",
            "webLink": self.room(meeting),
            "sipAddress": f"{number}@site.webex.example",
            "enabledBreakoutSessions": False,
            "telephony": {"accessCode": number, "callInNumbers": numbers},
        }

    def refusal(self, refused: Refused) -> JSON:
        """Return Webex's JSON of a refused call."""
        if "scope" in refused.more:
            words = "The access token is missing required scopes or the user is missing required roles or licenses."
            return {"message": words, "errors": [{"description": words}], "trackingId": "SIM_1"}
        return {"message": refused.message, "errors": [{"description": refused.message}], "trackingId": "SIM_1"}


def moment(text: str) -> datetime:
    """Return the aware time that a text says in ISO 8601. Raises Refused (400)."""
    try:
        return datetime.fromisoformat(text).astimezone()
    except (TypeError, ValueError):
        raise Refused(400, "A time must be a text in ISO 8601.") from None
