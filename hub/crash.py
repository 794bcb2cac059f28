"""Points at which tests have a process die, as if its machine had gone; they do nothing anywhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping

KILLED = 137  # what a shell reports of a process that SIGKILL ended

# All there are, in the order in which a booking comes by; a test holds that the code has each of them once.
POINTS = {
    "before_poke": "an outbox row is committed, no worker is woken yet",
    "in_sweep_before_waking": "the sweeper has found what is due, and has woken nobody",
    "in_sweep_before_marking": "the sweeper has woken workers, and has not noted it",
    "after_outbox_lease": "a worker has leased an outbox row, and its handler has not begun",
    "after_booking_lease": "a worker has leased the booking, and has not decided",
    "after_attempt_commit": "a step is decided and its trace committed, the hook is not called yet",
    "after_token_response_before_persist": "the vendor has sent new tokens, and they are not stored",
    "after_refresh_persisted": "new tokens are stored, and not used yet",
    "after_http_before_commit": "the vendor has done what was asked, and nothing is written down",
    "after_commit_before_mail": "the result is committed with its consequences, which are not delivered",
    "after_handler_before_done": "a handler has done its work, and its outbox row is still open",
    "before_mail_sent": "a mail is written, and not handed over",
    "after_mail_sent_before_marking": "the mail server has a mail, and it is not noted as sent",
    "after_exchange_before_save": "a host's new grant is proven, and not stored",
    "after_disconnect_before_revoke": "the tokens are deleted, and the vendor does not know yet",
}


def problem(environ: Mapping[str, str]) -> str:
    """Return why the environment's HUB_CRASH_AT can't be obeyed, an empty text where there is none or it can."""
    at = environ.get("HUB_CRASH_AT", "")
    if at and not environ.get("HUB_TESTING"):
        return "HUB_CRASH_AT has processes die on purpose; it belongs into tests only, beside HUB_TESTING."
    return f"HUB_CRASH_AT names {at!r}, which is no crash point." if at and at not in POINTS else ""


def point(name: str) -> None:
    """Die here if HUB_CRASH_AT names this point and HUB_TESTING is set.

    With HUB_CRASH_MARK, the path of a file, only the one process dies that makes the file.
    """
    if os.environ.get("HUB_CRASH_AT") != name or not os.environ.get("HUB_TESTING"):
        return
    mark = os.environ.get("HUB_CRASH_MARK")
    if mark:
        try:
            os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return
    os._exit(KILLED)
