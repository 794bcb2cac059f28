"""A local Acme: its routes and shapes; OAuth, faults, log and control come from the base."""

from __future__ import annotations

from hub.testing.sandbox import JSON, Call, Meeting, Sandbox, operation


class Acme(Sandbox):
    """Acme as its API describes it."""

    name = "Acme"
    revoke_path = "/oauth/revoke"
    scopes = (("profile", "See your name and email address"), ("meetings", "Make, change and delete your meetings"))

    @operation("GET", "/v1/me", "user", scope="profile")
    def me(self, call: Call) -> JSON:
        return {"id": call.user.id, "email": call.user.email, "name": call.user.name}

    @operation("GET", "/v1/meetings", "list", scope="meetings")
    def meetings(self, call: Call) -> JSON:
        return {"meetings": [self.shape(meeting) for meeting in self.listed(call.user)]}

    @operation("POST", "/v1/meetings", "create", scope="meetings", status=201)
    def create(self, call: Call) -> JSON:
        call.text("title", required=True, most=200)
        return self.shape(self.make(call.user, call.body))

    @operation("PATCH", "/v1/meetings/<id>", "update", scope="meetings")
    def update(self, call: Call, id: str) -> JSON:
        meeting = self.find(call.user, id)
        meeting.values |= call.body
        return self.shape(meeting)

    @operation("DELETE", "/v1/meetings/<id>", "delete", scope="meetings")
    def delete(self, call: Call, id: str) -> None:
        self.remove(self.find(call.user, id))

    def shape(self, meeting: Meeting) -> JSON:
        return {**meeting.values, "id": meeting.id, "link": self.room(meeting)}
