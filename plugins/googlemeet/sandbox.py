"""A local Google: sign-in, userinfo and Meet's spaces as their references name them; the rest comes from the base.

A simulation, checked against what Google publishes of its APIs (tests/sandbox/published/googlemeet.json) and never
compared with Google itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hub.testing.sandbox import JSON, Call, Refused, Sandbox, operation

CREATED = "https://www.googleapis.com/auth/meetings.space.created"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
SPACE = {"name", "meetingUri", "meetingCode", "config", "activeConference", "phoneAccess", "gatewaySipAccess"}
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class Google(Sandbox):
    """Google as its APIs describe it."""

    name = "Google Meet"
    authorize_path = "/o/oauth2/v2/auth"
    token_path = "/token"
    revoke_path = "/revoke"
    scopes = (
        (CREATED, "Create, edit and see information about your Meet conferences"),
        (EMAIL, "See your email address"),
    )
    unnamed_scopes = ("openid",)
    # Google answers a refresh without a new refresh token.
    switches = (("rotation", "omit"),)

    def lasts(self, query: Mapping[str, str]) -> bool:
        """A refresh token comes only with offline access, and surely only with a consent asked for anew."""
        return query.get("access_type") == "offline" and "consent" in query.get("prompt", "").split()

    @operation("GET", "/v1/userinfo", "user", scope=EMAIL)
    def userinfo(self, call: Call) -> JSON:
        return {"sub": call.user.id, "email": call.user.email, "email_verified": True}

    @operation("POST", "/v2/spaces", "create", scope=CREATED)
    def create(self, call: Call) -> JSON:
        config = call.body.get("config", {})
        if call.body.keys() - SPACE or not isinstance(config, dict):
            raise Refused(400, "Invalid JSON payload received. Unknown name.")
        meeting = self.make(call.user, {})
        digest = hashlib.sha256(meeting.id.encode()).hexdigest()
        letters = "".join(chr(97 + int(c, 16)) for c in digest[:10])
        return {
            "name": f"spaces/{meeting.id}",
            "meetingUri": self.room(meeting),
            "meetingCode": f"{letters[:3]}-{letters[3:7]}-{letters[7:]}",
            "config": {"accessType": "TRUSTED", "entryPointAccess": "ALL", **config},
            "phoneAccess": [
                {
                    "phoneNumber": "+12025550167",
                    "pin": str(int(digest[:9], 16)),
                    "regionCode": "US",
                    "languageCode": "en",
                }
            ],
        }

    def refusal(self, refused: Refused) -> JSON:
        """Return Google's JSON of a refused call."""
        info = {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": {"service": "meet.googleapis.com"},
        }
        body = {"code": refused.status, "message": refused.message, "status": STATUSES.get(refused.status, "UNKNOWN")}
        return {"error": {**body, "details": [info] if "scope" in refused.more else []}}
