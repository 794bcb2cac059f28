"""The contract of providers, kept by each of ours."""

from __future__ import annotations

from importlib import metadata

from hub.providers import GROUP
from hub.testing.connected import ConnectedProviderContract
from hub.testing.contract import ProviderContract


class TestZoom(ConnectedProviderContract):
    """Zoom keeps the contract."""

    key = "zoom"


class TestPhone(ProviderContract):
    """Phone keeps the contract."""

    key = "phone"


class TestInPerson(ProviderContract):
    """In person keeps the contract."""

    key = "inperson"


class TestWebLink(ProviderContract):
    """Web link keeps the contract."""

    key = "weblink"


class TestJitsi(ProviderContract):
    """Jitsi keeps the contract."""

    key = "jitsi"


class TestWebex(ConnectedProviderContract):
    """Webex keeps the contract."""

    key = "webex"


class TestTeams(ConnectedProviderContract):
    """Microsoft Teams keeps the contract."""

    key = "teams"


class TestGoogleMeet(ConnectedProviderContract):
    """Google Meet keeps the contract."""

    key = "googlemeet"


ALL = (TestZoom, TestPhone, TestInPerson, TestWebLink, TestJitsi, TestWebex, TestTeams, TestGoogleMeet)


def test_none_is_left_out() -> None:
    """Every provider that this project ships is held to the contract."""
    ours = {point.name for point in metadata.entry_points(group=GROUP) if point.value.startswith("plugins.")}
    assert ours == {suite.key for suite in ALL}
