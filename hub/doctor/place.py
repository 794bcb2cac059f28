"""Where the hub is: its public address, and the folder in which it keeps things."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from hub.config import Settings
from hub.connections import http
from hub.doctor.finding import OK, WARNING, WRONG, Told
from hub.texts import LOOPBACK

PATIENCE = 5.0
LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000  # bytes


def address(settings: Settings) -> Iterator[Told]:
    """Look at the public address: who can use it, and whether this hub answers there."""
    url = settings.public_url
    if urlsplit(url).hostname in LOOPBACK:
        yield WARNING, f"{url} is good for this machine only; for others set HUB_PUBLIC_URL to an https address."
    try:
        with http.client() as client:
            answer = client.get(f"{url}/healthz", timeout=PATIENCE)
    except (httpx2.ConnectError, httpx2.TimeoutException) as fault:
        if "CERTIFICATE_VERIFY_FAILED" in str(fault):
            yield WRONG, f"the certificate of {url} is not valid: browsers refuse it. Renew it at the reverse proxy."
            return
        yield (
            WARNING,
            f"{url} does not answer from here: start hub web and the reverse proxy. "
            "Where this machine can't reach its own public address, open it from another one.",
        )
        return
    if _is_ours(answer):
        yield OK, f"{url} answers"
    else:
        yield (
            WRONG,
            f"something else answers at {url} (/healthz: {answer.status_code}): "
            "check HUB_PUBLIC_URL, and where the reverse proxy passes requests to.",
        )


def _is_ours(answer: httpx2.Response) -> bool:
    try:
        return answer.status_code == 200 and answer.json() == {"status": "ok"}
    except ValueError:
        return False


def folder(settings: Settings) -> Iterator[Told]:
    """Look at the data folder: who may enter it, and how much room there is."""
    path = settings.data_dir
    if not path.exists():
        yield WARNING, f"{path} does not exist yet; it is made at the first start."
        return
    if not os.access(path, os.W_OK | os.X_OK):
        yield WRONG, f"{path} can't be written by this user: chown it to the user that runs the hub."
    elif path.stat().st_mode & 0o077:
        yield WARNING, f"{path} is open to other users of this machine: chmod 700 it."
    else:
        yield OK, str(path)
    yield from room(path)


def room(path: Path) -> Iterator[Told]:
    """Say so where the disk is nearly full."""
    free = shutil.disk_usage(path).free
    if free < LITTLE:
        state = WRONG if free < TOO_LITTLE else WARNING
        yield state, f"only {free // 1_000_000} MB are free where {path} is: make room, or bookings can't be stored."
