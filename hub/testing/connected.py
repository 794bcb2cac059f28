"""The contract of providers with OAuth, run against their sandbox over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.errors import ConnectionLost, MeetingGone, ProviderError, Temporary
from hub.providers import Provider, Registry
from hub.testing import samples
from hub.testing.checks import check_meeting
from hub.testing.contract import ProviderContract
from hub.testing.vendor import Vendor, connected, running
from hub.values import Api, Meeting, MeetingRequest


class ConnectedProviderContract(ProviderContract):
    """What holds besides for a provider with OAuth; needs its `sandbox_app`, see hub.testing.vendor."""

    @pytest.fixture(name="vendor")
    def _vendor(self, provider: Provider) -> Iterator[Vendor]:
        with running(provider) as found:
            yield found
            found.mends()

    @pytest.fixture(name="api")
    def _api(self, registry: Registry, provider: Provider, vendor: Vendor, tmp_path: Path) -> Iterator[Api]:
        with connected(registry, provider, vendor, tmp_path) as found:
            yield found

    @pytest.fixture(name="request_")
    def _request(self, provider: Provider) -> MeetingRequest:
        return samples.request(provider, samples.locations(provider)[0])

    @pytest.fixture(name="meeting")
    def _meeting(self, provider: Provider, api: Api, request_: MeetingRequest) -> Meeting:
        return provider.create_meeting(request_, api, {})

    def test_account(self, provider: Provider, api: Api) -> None:
        """The account has a stable id and a label that the host knows."""
        account = provider.connect_account(api)
        assert account.external_id
        assert account.label
        assert provider.connect_account(api) == account

    def test_create(self, vendor: Vendor, meeting: Meeting) -> None:
        """One meeting is made, with a link that can be shown."""
        check_meeting(meeting)
        assert meeting.join_url
        assert vendor.meetings() == [meeting.external_id]

    def test_update(self, provider: Provider, api: Api, request_: MeetingRequest, meeting: Meeting) -> None:
        """A move keeps the link, and repeating it changes nothing."""
        later = replace(request_, starts_at=request_.starts_at + timedelta(hours=1), minutes=45)
        moved = provider.update_meeting(later, meeting, api, {})
        check_meeting(moved)
        assert replace(moved, data={}) == replace(meeting, data={})
        assert provider.update_meeting(later, moved, api, {}) == moved

    def test_delete(self, provider: Provider, api: Api, vendor: Vendor, meeting: Meeting) -> None:
        """A deletion can be repeated: gone is done."""
        provider.delete_meeting(meeting, api, {})
        assert vendor.meetings() == []
        provider.delete_meeting(meeting, api, {})

    def test_update_of_what_is_gone(
        self, provider: Provider, api: Api, request_: MeetingRequest, meeting: Meeting
    ) -> None:
        """Moving a meeting that the vendor no longer has says so (404), so that a new one is made."""
        provider.delete_meeting(meeting, api, {})
        with pytest.raises(MeetingGone):
            provider.update_meeting(replace(request_, minutes=45), meeting, api, {})

    @pytest.mark.parametrize("fault", ["401", "429", "500", "timeout", "lost", "html"])
    @pytest.mark.parametrize("call", ["create", "update", "delete"])
    def test_faults(
        self, provider: Provider, api: Api, vendor: Vendor, request_: MeetingRequest, call: str, fault: str
    ) -> None:
        """Each failure of the vendor ends in the right error, and the call succeeds once the failure is over."""
        meeting = None if call == "create" else provider.create_meeting(request_, api, {})
        vendor.breaks(call, fault)
        with pytest.raises(ProviderError) as caught:
            self._call(call, provider, api, request_, meeting)
        assert type(caught.value) is (ConnectionLost if fault == "401" else Temporary)
        if isinstance(caught.value, Temporary):
            if fault == "429":
                assert caught.value.outcome_known
            elif call == "create":
                assert not caught.value.outcome_known, "a meeting may have been made"
        vendor.mends()
        if call == "create" and fault in ("timeout", "lost", "html"):
            return  # what was made is found again, or not: see test_find
        self._call(call, provider, api, request_, meeting)
        assert len(vendor.meetings()) == (0 if call == "delete" else 1)

    @pytest.mark.parametrize("fault", ["timeout", "lost", "html"])
    def test_find(self, provider: Provider, api: Api, vendor: Vendor, request_: MeetingRequest, fault: str) -> None:
        """A meeting whose creation was not confirmed is found again, and can be moved and deleted."""
        if not provider.can("find_meeting"):
            pytest.skip("this provider can't find meetings")
        provider.create_meeting(replace(request_, ref=f"{request_.ref}0"), api, {})
        assert provider.find_meeting(request_, api, {}) is None, "another booking's meeting was taken"
        vendor.breaks("create", fault)
        with pytest.raises(Temporary):
            provider.create_meeting(request_, api, {})
        vendor.mends()
        found = provider.find_meeting(request_, api, {})
        assert found is not None
        check_meeting(found)
        assert found.join_url
        assert found.external_id in vendor.meetings()
        provider.delete_meeting(provider.update_meeting(request_, found, api, {}), api, {})
        assert len(vendor.meetings()) == 1

    def test_unreadable_list(self, provider: Provider, api: Api, vendor: Vendor, request_: MeetingRequest) -> None:
        """From an answer that can't be read it is not concluded that there is no meeting."""
        if not provider.can("find_meeting"):
            pytest.skip("this provider can't find meetings")
        vendor.breaks("list", "html")
        with pytest.raises(Temporary):
            provider.find_meeting(request_, api, {})

    def _call(self, call: str, provider: Provider, api: Api, request: MeetingRequest, meeting: Meeting | None) -> None:
        if meeting is None:
            provider.create_meeting(request, api, {})
        elif call == "update":
            provider.update_meeting(replace(request, minutes=45), meeting, api, {})
        else:
            provider.delete_meeting(meeting, api, {})
