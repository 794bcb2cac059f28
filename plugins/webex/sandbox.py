"""A local Webex: its routes and shapes as its REST reference names them; the rest comes from the base.

A simulation, made from https://developer.webex.com/docs/api/v1/meetings and never compared with Webex itself.
"""

from __future__ import annotations

import hashlib

from hub.testing.sandbox import JSON, Call, Meeting, Refused, Sandbox, operation

TEXTS = ("title", "start", "end", "timezone", "agenda")


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
        tag, start, end = (call.query.get(name, "") for name in ("integrationTag", "from", "to"))
        mine = [one for one in self.listed(call.user) if not tag or tag in one.values["integrationTags"]]
        # Texts of one form compare as times do.
        mine = [one for one in mine if start <= one.values["start"] and (not end or one.values["start"] < end)]
        return {"items": [self.shape(one) for one in mine[: int(call.query.get("max", "10"))]]}

    @operation("POST", "/v1/meetings", "create", scope="meeting:schedules_write")
    def create(self, call: Call) -> JSON:
        tags = call.body.get("integrationTags", [])
        if (
            not isinstance(tags, list)
            or len(tags) > 3
            or not all(isinstance(t, str) and 1 <= len(t) <= 64 for t in tags)
        ):
            raise Refused(400, "integrationTags must be at most 3 texts of 1 to 64 characters.")
        return self.shape(self.make(call.user, {**self.checked(call), "integrationTags": tags}))

    @operation("PATCH", "/v1/meetings/<id>", "update", scope="meeting:schedules_write")
    def update(self, call: Call, id: str) -> JSON:
        meeting = self.find(call.user, id)
        meeting.values |= self.checked(call)
        return self.shape(meeting)

    @operation("DELETE", "/v1/meetings/<id>", "delete", scope="meeting:schedules_write")
    def delete(self, call: Call, id: str) -> None:
        self.remove(self.find(call.user, id))

    def checked(self, call: Call) -> JSON:
        """Return what a body wants of a meeting. Raises Refused (400) for what Webex would refuse."""
        call.text("title", required=True, most=128)
        call.text("agenda", most=1300)
        if not call.text("start") < call.text("end"):
            raise Refused(400, "end must be after start.")
        if call.body.get("sendEmail", True):
            raise Refused(400, "This stand-in sends no mail: set sendEmail to false.")
        return {name: call.body[name] for name in TEXTS if name in call.body}

    def shape(self, meeting: Meeting) -> JSON:
        """Return a meeting as Webex shows it to its host."""
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
            "phoneAndVideoSystemPassword": "427600",
            "meetingType": "meetingSeries",
            "state": "active",
            "hostUserId": meeting.user_id,
            "hostKey": "104857",
            "webLink": self.room(meeting),
            "sipAddress": f"{number}@webex.example",
            "telephony": {"accessCode": number, "callInNumbers": numbers},
        }

    def refusal(self, refused: Refused) -> JSON:
        """Return Webex's JSON of a refused call."""
        if "scope" in refused.more:
            words = "The access token is missing required scopes or the user is missing required roles or licenses."
            return {"message": words, "errors": [{"description": words}], "trackingId": "SIM_1"}
        return {"message": refused.message, "errors": [{"description": refused.message}], "trackingId": "SIM_1"}
