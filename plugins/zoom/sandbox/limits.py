"""Zoom's limits: calls per second and account, and creates plus updates per user and UTC day."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from .clock import stamp
from .errors import ApiError
from .model import User
from .state import Sandbox

PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."
PER_DAY = (
    "You have reached the maximum daily rate limit for this API. "
    "Refer to the response header for details on when you can make another request."
)
PER_USER = (
    "You have exceeded the daily rate limit ({limit}) of Meeting Create/Update API requests permitted "
    "for this particular user. You may resume these requests at GMT 00:00:00."
)
CONCURRENT = "Too many concurrent requests. A request to disassociate this user has already been made."


class Limits:
    """Counts the calls of the last second per account and label (in memory, as they are worth nothing later)."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], deque[float]] = {}

    def check(self, sandbox: Sandbox, user: User, *, label: str, counts: bool) -> None:
        """Count one call. Raises ApiError 429. With `counts` it is a create or update."""
        switches = sandbox.switches
        if switches.rate_limits:
            limit = switches.light_per_s if label == "Light" else switches.medium_per_s
            calls = self._calls.setdefault((user.account_id, label), deque())
            now = sandbox.ts()
            while calls and calls[0] <= now - 1:
                calls.popleft()
            if len(calls) >= limit:
                raise per_second(label, limit)
            calls.append(now)
        if counts and switches.daily_limit:
            self._daily(sandbox, user, label, switches.daily_limit)

    def _daily(self, sandbox: Sandbox, user: User, label: str, limit: int) -> None:
        today = sandbox.now().date().isoformat()
        day, used = sandbox.data.daily.get(user.id, [today, 0])
        used = used if day == today else 0
        if used >= limit:
            raise per_user(label, limit)
        sandbox.data.daily[user.id] = [today, used + 1]


def per_second(label: str, limit: int, *, code: int = 429) -> ApiError:
    """Return the refusal of too many calls in one second (Zoom documents code 429 and, for updates, 4001)."""
    return ApiError(429, code, PER_SECOND, headers=_headers(label, limit) | {"x-ratelimit-type": "QPS"})


def per_day(sandbox: Sandbox, label: str, limit: int = 6000) -> ApiError:
    """Return the refusal of too many calls in one day; its Retry-After is an ISO date-time, not seconds."""
    midnight = sandbox.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    headers = _headers(label, limit) | {"x-ratelimit-type": "Daily-limit", "Retry-After": stamp(midnight)}
    return ApiError(429, 429, PER_DAY, headers=headers)


def per_user(label: str, limit: int) -> ApiError:
    """Return the refusal of the 101st create or update of a user's day; it says nothing of when in a header."""
    return ApiError(429, 429, PER_USER.format(limit=limit), headers=_headers(label, limit))


def concurrent(label: str) -> ApiError:
    """Return the refusal of a second call while Zoom holds a lock on the user."""
    return ApiError(429, 429, CONCURRENT, headers={"x-ratelimit-category": label})


def _headers(label: str, limit: int) -> dict[str, str]:
    return {"x-ratelimit-category": label, "x-ratelimit-limit": str(limit), "x-ratelimit-remaining": "0"}
