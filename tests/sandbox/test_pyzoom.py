"""A client by others, with strict models of its own, works with the sandbox unchanged."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from tests.sandbox.driver import CALLBACK, CLIENT, Driver

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyzoom
    import pyzoom.oauth
    from pyzoom import err

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_create_get_list_update_delete(wide: Driver) -> None:
    """create, get, list, update and delete over real HTTP, parsed by pyzoom's models."""
    client = pyzoom.ZoomClient(wide.connect()["access_token"], base_url=f"{wide.url}/v2")
    made = client.meetings.create_meeting("Intro call", start_time="2026-12-01T10:00:00", duration_min=30)
    assert (made.topic, made.start_time, made.settings.audio) == ("Intro call", "2026-12-01T10:00:00Z", "voip")
    assert [meeting.id for meeting in client.meetings.list_meetings().meetings] == [made.id]
    client.meetings.update_meeting("Moved", start_time="2026-12-02T10:00:00", duration_min=45, meeting_id=made.id)
    found = client.meetings.get_meeting(made.id)
    assert (found.topic, found.start_time, found.duration) == ("Moved", "2026-12-02T10:00:00Z", 45)
    assert client.meetings.delete_meeting(made.id)
    with pytest.raises(err.NotFound):
        client.meetings.get_meeting(made.id)


def test_tokens(zoom: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyzoom's token calls work too, once its fixed address is pointed at the sandbox."""
    post = pyzoom.oauth.requests.post

    def here(url: str, **options: Any) -> Any:
        return post(url.replace("https://zoom.us", zoom.url), **options)

    monkeypatch.setattr(pyzoom.oauth.requests, "post", here)
    code = zoom.authorize()["code"]
    tokens = pyzoom.oauth.request_tokens(*CLIENT, CALLBACK, code)
    fresh = pyzoom.oauth.refresh_tokens(*CLIENT, tokens["refresh_token"])
    assert fresh["refresh_token"] != tokens["refresh_token"]
    with pytest.raises(err.APIError, match="invalid_grant"):
        pyzoom.oauth.refresh_tokens(*CLIENT, tokens["refresh_token"])
