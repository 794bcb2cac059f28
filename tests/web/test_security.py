"""What holds for every request: the host asked for, headers, and what Redis may know."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2
import redis
from flask.testing import FlaskClient

from hub import words
from tests.support.running import Running


def test_foreign_host(client: FlaskClient) -> None:
    """A request under somebody else's name gets a plain 400, and no page built with that name."""
    answer = client.get("/login", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil" not in answer.data


def test_headers(client: FlaskClient) -> None:
    """Every answer forbids inline script, framing, sniffing and referrers; pages are not kept."""
    for path in ("/login", "/nobody", "/healthz", "/static/hub.css"):
        answer = client.get(path)
        headers = answer.headers
        answer.close()
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        if not path.startswith("/static"):
            assert headers["Cache-Control"] == "no-store"


def test_no_address_in_redis(database_url: str, redis_url: str, tmp_path: Path) -> None:
    """Limits are counted in Redis without anybody's address in it."""
    with Running(tmp_path, database_url, redis_url) as running:
        running.start("web")
        with httpx2.Client(base_url=running.url, trust_env=False) as browser:
            page = browser.get("/login").text
            token = page.split('name="csrf_token" value="')[1].split('"')[0]
            browser.post("/login", data={"csrf_token": token, "email": "ada@example.com", "password": "x"})
    with redis.Redis.from_url(redis_url) as connection:
        keys = b" ".join(connection.keys("*"))
    assert b"LIMIT" in keys.upper()
    assert b"ada@" not in keys


def test_zones_without_letters() -> None:
    """A zone without letters of its own is told by its distance from UTC."""
    moment = datetime(2026, 12, 1, tzinfo=UTC)
    found = [words.abbreviation(moment.astimezone(ZoneInfo(name))) for name in ("Asia/Kathmandu", "America/Sao_Paulo")]
    assert found == ["UTC+05:45", "UTC-03"]
