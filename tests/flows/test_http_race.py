"""Many people want one time at the same moment, over real HTTP and with real server processes."""

from __future__ import annotations

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
from sqlalchemy import func, select

from hub import accounts
from hub.store.models import Booking, EventType, LocationRow
from tests.support.running import Running
from tests.support.world import Clock, make_hub, settings

CROWD = 32


def test_one_slot_for_many(database_url: str, engine: str, redis_url: str, tmp_path: Path) -> None:
    """Fault row 58: 32 posts for one time at once: exactly 1 booking and 31 friendly pages that keep what was typed."""
    hub = make_hub(settings(tmp_path, database_url, redis_url), Clock(datetime.now(UTC)))
    host_id = accounts.sign_up(hub, name="Ada", email="ada@example.com", password="correct horse", timezone="UTC")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    with hub.store.write() as session:
        offered = EventType(host_id=host_id, title="Talk", slug="talk", minutes=30, notice=0, created_at=hub.clock())
        offered.locations.append(LocationRow(position=0, provider="inperson", inputs={"mode": "invitee_place"}))
        session.add(offered)
        session.flush()
        offered.host.hours = {str(day): [[0, 1440]] for day in range(7)}
        place = offered.locations[0].id
    slot = f"{tomorrow:%Y%m%d}T090000Z"
    barrier = threading.Barrier(CROWD)

    def one(n: int) -> tuple[int, str]:
        with httpx2.Client(base_url=running.url, trust_env=False, timeout=60) as browser:
            page = browser.get(f"/ada/talk?slot={slot}").text
            fields = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf_token", "nonce")}  # type: ignore[index]
            typed = {"slot": slot, "location": str(place), "name": f"Person {n}", "email": f"p{n}@example.net"}
            barrier.wait(60)
            answer = browser.post("/ada/talk", data={**fields, **typed, f"loc{place}-address": "At mine", "tz": "UTC"})
            return answer.status_code, answer.text

    with Running(tmp_path, database_url, redis_url) as running:
        running.start("web")
        with ThreadPoolExecutor(CROWD) as crowd:
            answers = list(crowd.map(one, range(CROWD)))
    assert Counter(status for status, _ in answers) == {303: 1, 409: CROWD - 1}
    assert all("just been taken" in text for status, text in answers if status == 409)
    assert all(f"Person {n}" in text for n, (status, text) in enumerate(answers) if status == 409)
    with hub.store.read() as session:
        assert session.scalar(select(func.count(Booking.id))) == 1
    hub.store.dispose()
