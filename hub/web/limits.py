"""How often may be booked: by one network address, by one person, of one host."""

from __future__ import annotations

from flask import Response, current_app, request
from flask_limiter.util import get_remote_address

from hub.store.vault import digest
from hub.web.security import limiter

# By network address; by network address and email; by host. app.config["BOOKING_LIMITS"] replaces them, in order.
LIMITS = ("60/hour", "5/hour", "100/hour")


def _limit(n: int) -> str:
    given = current_app.config.get("BOOKING_LIMITS", ())
    return str((*given, *LIMITS[len(given) :])[n])


def _who() -> str:
    return digest(f"{get_remote_address()} {request.form.get('email', '').strip().lower()[:320]}")


def _whose() -> str:
    return str((request.view_args or {}).get("handle", ""))


def _was_booked(response: Response) -> bool:
    return response.status_code == 303


@limiter.limit(lambda: _limit(0))
@limiter.limit(lambda: _limit(1), key_func=_who, deduct_when=_was_booked)
@limiter.limit(lambda: _limit(2), key_func=_whose, deduct_when=_was_booked)
def counted() -> None:
    """Count this attempt to book; for people and hosts only what was booked counts. Raises RateLimitExceeded."""
