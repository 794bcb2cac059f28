"""A local Microsoft: sign-in and Graph's online meetings as their references name them; the rest comes from the base.

A simulation, checked against what Microsoft publishes of Graph (tests/sandbox/published/teams.json) and never compared
with Microsoft itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hub.testing.sandbox import JSON, Call, Meeting, Refused, Sandbox, operation

CODES = {400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "Forbidden", 404: "NotFound"}


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
    def create(self, call: Call) -> tuple[int, JSON]:
        key = call.text("externalId", required=True)
        known = [m for m in self.state.data.meetings.values() if m.user_id == call.user.id and not m.deleted_at]
        found = next((meeting for meeting in known if meeting.values["externalId"] == key), None)
        if found:
            return 200, self.shape(found)
        start = call.text("startDateTime") or ("" if call.text("endDateTime") else self.state.stamp())
        end = call.text("endDateTime") or (moment(start) + timedelta(hours=1)).isoformat()
        return 201, self.shape(self.make(call.user, {**self.checked(call, start, end), "externalId": key}))

    @operation("PATCH", "/v1.0/me/onlineMeetings/<id>", "update", scope="OnlineMeetings.ReadWrite")
    def update(self, call: Call, id: str) -> JSON:
        meeting = self.find(call.user, id)
        start, end = call.text("startDateTime"), call.text("endDateTime")
        if not start and not end:
            start, end = meeting.values["startDateTime"], meeting.values["endDateTime"]
        meeting.values |= self.checked(call, start, end)
        return self.shape(meeting)

    @operation("DELETE", "/v1.0/me/onlineMeetings/<id>", "delete", scope="OnlineMeetings.ReadWrite")
    def delete(self, call: Call, id: str) -> None:
        self.remove(self.find(call.user, id))

    def checked(self, call: Call, start: str, end: str) -> JSON:
        """Return what a body wants of a meeting. Raises Refused (400) for what Graph would refuse."""
        subject = {"subject": call.text("subject", most=255)} if "subject" in call.body else {}
        if moment(end) < moment(start):
            raise Refused(400, "endDateTime must not be before startDateTime.")
        return {**subject, "startDateTime": utc(start), "endDateTime": utc(end)}

    def shape(self, meeting: Meeting) -> JSON:
        """Return a meeting as Graph shows it to its organizer."""
        number = str(int(hashlib.sha256(meeting.id.encode()).hexdigest()[:12], 16))[:9]
        return {
            **meeting.values,
            "id": meeting.id,
            "creationDateTime": utc(meeting.created_at),
            "joinWebUrl": self.room(meeting),
            "audioConferencing": {
                "conferenceId": number,
                "tollNumber": "+1 202 555 0145",
                "tollNumbers": ["+1 202 555 0145", "+1 202 555 0146"],
                "tollFreeNumber": None,
                "tollFreeNumbers": [],
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
        inner = {"date": self.state.stamp(), "request-id": "sim-1", "client-request-id": "sim-1"}
        code = CODES.get(refused.status, "UnknownError")
        return {"error": {"code": code, "message": refused.message, "innerError": inner}}


def moment(text: str) -> datetime:
    """Return the time that a text says, in UTC. Raises Refused (400)."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise Refused(400, "startDateTime and endDateTime go together and must be times.") from None


def utc(text: str) -> str:
    """Return a time as Graph writes it. Raises Refused (400)."""
    return moment(text).isoformat().replace("+00:00", "Z")
