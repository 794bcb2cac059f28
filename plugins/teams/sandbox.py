"""A local Microsoft: sign-in and Graph's online meetings as their references name them; the rest comes from the base.

A simulation, made from https://learn.microsoft.com/graph/api/resources/onlinemeeting and never compared with Microsoft.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hub.testing.sandbox import JSON, Call, Meeting, Refused, Sandbox, operation

TEXTS = ("subject", "startDateTime", "endDateTime")


class Teams(Sandbox):
    """Teams as Graph describes it."""

    name = "Microsoft Teams"
    authorize_path = "/common/oauth2/v2.0/authorize"
    token_path = "/common/oauth2/v2.0/token"
    scopes = (
        ("OnlineMeetings.ReadWrite", "Read and create your online meetings"),
        ("User.Read", "Sign you in and read your profile"),
    )
    unnamed_scopes = ("offline_access",)

    def lasts(self, query: Mapping[str, str]) -> bool:
        """A refresh token comes only to those who asked for it."""
        return "offline_access" in query.get("scope", "").split()

    @operation("GET", "/v1.0/me", "user", scope="User.Read")
    def me(self, call: Call) -> JSON:
        return {"id": call.user.id, "displayName": call.user.name, "mail": None, "userPrincipalName": call.user.email}

    @operation("POST", "/v1.0/me/onlineMeetings/createOrGet", "create", scope="OnlineMeetings.ReadWrite")
    def create(self, call: Call) -> JSON:
        key = call.text("externalId", required=True)
        known = [m for m in self.state.data.meetings.values() if m.user_id == call.user.id and not m.deleted_at]
        found = next((meeting for meeting in known if meeting.values["externalId"] == key), None)
        return self.shape(found or self.make(call.user, {**self.checked(call), "externalId": key}))

    @operation("PATCH", "/v1.0/me/onlineMeetings/<id>", "update", scope="OnlineMeetings.ReadWrite")
    def update(self, call: Call, id: str) -> JSON:
        meeting = self.find(call.user, id)
        meeting.values |= self.checked(call)
        return self.shape(meeting)

    @operation("DELETE", "/v1.0/me/onlineMeetings/<id>", "delete", scope="OnlineMeetings.ReadWrite")
    def delete(self, call: Call, id: str) -> None:
        self.remove(self.find(call.user, id))

    def checked(self, call: Call) -> JSON:
        """Return what a body wants of a meeting. Raises Refused (400) for what Graph would refuse."""
        call.text("subject", most=255)
        if not call.text("startDateTime") < call.text("endDateTime"):
            raise Refused(400, "endDateTime must be after startDateTime.")
        return {name: call.body[name] for name in TEXTS if name in call.body}

    def shape(self, meeting: Meeting) -> JSON:
        """Return a meeting as Graph shows it to its organizer."""
        number = str(int(hashlib.sha256(meeting.id.encode()).hexdigest()[:12], 16))[:9]
        return {
            **meeting.values,
            "id": meeting.id,
            "joinWebUrl": self.room(meeting),
            "audioConferencing": {
                "conferenceId": number,
                "tollNumber": "+1 202 555 0145",
                "tollFreeNumber": None,
                "dialinUrl": f"{self.public_url}/_sim/room/{meeting.id}",
            },
            "joinMeetingIdSettings": {
                "isPasscodeRequired": True,
                "joinMeetingId": f"{number}000",
                "passcode": "aB3dE6",
            },
        }

    def refusal(self, refused: Refused) -> JSON:
        """Return Graph's JSON of a refused call."""
        codes = {400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "Forbidden", 404: "NotFound"}
        return {"error": {"code": codes.get(refused.status, "UnknownError"), "message": refused.message}}
