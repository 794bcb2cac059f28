"""The contract of providers with OAuth, run against their sandbox over real HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.connections.api import ConnectionApi
from hub.errors import ConnectionLost, MeetingGone, ProviderError, Temporary
from hub.provider import Provider
from hub.providers import Registry
from hub.testing import samples
from hub.testing.calls import Hooks
from hub.testing.checks import check_meeting
from hub.testing.contract import ProviderContract
from hub.testing.vendor import CLIENT, Vendor, connected, running
from hub.testing.wiretap import twisted
from hub.values import Meeting, MeetingRequest

ACCESS_TOKEN_LIFE = 2 * 3600  # seconds after which any vendor's access token has expired
CALLS = ("create", "update", "delete")
FAULTS = ("401", "429", "500", "timeout", "lost", "html")


class ConnectedProviderContract(ProviderContract):
    """What holds besides for a provider with OAuth.

    The vendor is the plugin's own `sandbox_app`, or what `sandbox` returns for a public address; see
    hub.testing.vendor for what it must understand.
    """

    sandbox: Callable[[str], Any] | None = None

    @pytest.fixture(name="vendor")
    def _vendor(self, provider: Provider) -> Iterator[Vendor]:
        make = type(self).sandbox or provider.sandbox_app
        with running(make) as found:
            yield found
            found.mends()

    @pytest.fixture(name="api")
    def _api(self, registry: Registry, provider: Provider, vendor: Vendor, tmp_path: Path) -> Iterator[ConnectionApi]:
        with connected(registry, provider, vendor, tmp_path) as found:
            yield found

    @pytest.fixture(name="request_")
    def _request(self, provider: Provider) -> MeetingRequest:
        return samples.request(provider, samples.locations(provider)[0])

    @pytest.fixture(name="meeting")
    def _meeting(
        self, provider: Provider, api: ConnectionApi, request_: MeetingRequest, settings: Mapping[str, str]
    ) -> Meeting:
        return provider.create_meeting(request_, api, settings)

    @pytest.fixture(name="hooks")
    def _hooks(self, provider: Provider, api: ConnectionApi, settings: Mapping[str, str]) -> Hooks:
        return Hooks(provider, api, settings)

    def test_account(self, hooks: Hooks) -> None:
        """The account has a stable id and a label that the host knows."""
        account = hooks.account()
        assert account.external_id
        assert account.label
        assert hooks.account() == account

    def test_create(self, vendor: Vendor, meeting: Meeting) -> None:
        """One meeting is made, with a link that can be shown."""
        check_meeting(meeting)
        assert meeting.join_url
        assert vendor.meetings() == [meeting.external_id]

    def test_update(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest, meeting: Meeting) -> None:
        """A move keeps the link, and repeating it changes nothing."""
        hooks.need("update_meeting")
        later = replace(request_, starts_at=request_.starts_at + timedelta(hours=1), minutes=45)
        moved = hooks.update(later, meeting)
        check_meeting(moved)
        assert replace(moved, data={}) == replace(meeting, data={})
        assert hooks.update(later, moved) == moved
        assert vendor.meetings() == [meeting.external_id]

    def test_delete(self, hooks: Hooks, vendor: Vendor, meeting: Meeting) -> None:
        """A deletion can be repeated: gone is done."""
        hooks.need("delete_meeting")
        hooks.delete(meeting)
        assert vendor.meetings() == []
        hooks.delete(meeting)

    def test_update_of_what_is_gone(
        self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest, meeting: Meeting
    ) -> None:
        """Moving a meeting that the vendor no longer has says so (404), so that a new one is made."""
        hooks.need("update_meeting", "delete_meeting")
        hooks.delete(meeting)
        before = vendor.calls()
        try:
            hooks.update(replace(request_, minutes=45), meeting)
        except MeetingGone:
            return
        assert vendor.calls() == before, "the vendor said that the meeting is gone, and the hook did not pass it on"

    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize("call", CALLS)
    def test_faults(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest, call: str, fault: str) -> None:
        """Each failure of the vendor ends in the right error, and the call succeeds once the failure is over."""
        hooks.need(f"{call}_meeting")
        meeting = None if call == "create" else hooks.create(request_)
        if call not in vendor.routes():
            before = vendor.calls()
            hooks.call(call, request_, meeting)
            assert vendor.calls() == before, f"the sandbox has no route named {call}"
            pytest.skip("this hook asks the vendor nothing")
        vendor.breaks(call, fault)
        with pytest.raises(ProviderError) as caught:
            hooks.call(call, request_, meeting)
        assert type(caught.value) is (ConnectionLost if fault == "401" else Temporary)
        if isinstance(caught.value, Temporary):
            if fault == "429":
                assert caught.value.outcome_known
            elif call == "create":
                assert not caught.value.outcome_known, "a meeting may have been made"
        vendor.mends()
        if call == "create" and fault in ("timeout", "lost", "html"):
            return  # what was made is found again, or not: see test_find
        hooks.call(call, request_, meeting)
        assert len(vendor.meetings()) == (0 if call == "delete" else 1)

    def test_expired_token(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest) -> None:
        """A call after the access token's end works like any other: the hub refreshes it."""
        vendor.control("POST", "/clock", advance_s=ACCESS_TOKEN_LIFE)
        hooks.create(request_)
        assert len(vendor.meetings()) == 1

    @pytest.mark.parametrize("fault", ["timeout", "lost", "html"])
    def test_find(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest, fault: str) -> None:
        """A meeting whose creation was not confirmed is found again, and can be moved and deleted."""
        hooks.need("find_meeting")
        other = hooks.create(replace(request_, ref=f"{request_.ref}0"))
        early = hooks.find(request_)
        assert early is None or early.external_id != other.external_id, "another booking's meeting was taken"
        vendor.breaks("create", fault)
        with pytest.raises(Temporary):
            hooks.create(request_)
        vendor.mends()
        found = hooks.find(request_)
        assert found is not None
        check_meeting(found)
        assert found.join_url
        assert found.external_id in vendor.meetings()
        assert len(vendor.meetings()) == 2
        moved = hooks.update(request_, found) if hooks.provider.can("update_meeting") else found
        if hooks.provider.can("delete_meeting"):
            hooks.delete(moved)
            assert vendor.meetings() == [other.external_id]

    def test_unreadable_list(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest) -> None:
        """From an answer that can't be read it is not concluded that there is no meeting."""
        hooks.need("find_meeting")
        if "list" not in vendor.routes():
            pytest.skip("this vendor is asked for no list")
        vendor.breaks("list", "html")
        with pytest.raises(Temporary):
            hooks.find(request_)

    def test_list(self, hooks: Hooks, request_: MeetingRequest, meeting: Meeting) -> None:
        """list_meetings tells of each meeting its marker, start and length, and one that is gone is not among them."""
        hooks.need("list_meetings")
        other = hooks.create(replace(request_, ref=f"{request_.ref}0", minutes=45))
        listed = {one.external_id: one for one in hooks.listed(request_)}
        assert listed.keys() == {meeting.external_id, other.external_id}
        assert [listed[one.external_id].ref for one in (meeting, other)] == [request_.ref, f"{request_.ref}0"]
        assert {one.starts_at for one in listed.values()} == {request_.starts_at}
        assert listed[meeting.external_id].minutes in (30, None)
        assert listed[other.external_id].minutes in (45, None)
        if hooks.provider.can("delete_meeting"):
            hooks.delete(other)
            assert [one.external_id for one in hooks.listed(request_)] == [meeting.external_id]

    def test_unreadable_whole_list(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest) -> None:
        """From an answer that can't be read it is not concluded that meetings are gone."""
        hooks.need("list_meetings")
        vendor.breaks("list", "html")
        with pytest.raises(Temporary):
            hooks.listed(request_)

    def test_list_sets_right(self, hooks: Hooks, request_: MeetingRequest, meeting: Meeting) -> None:
        """With what list_meetings says the vendor has, an update sends what differs, whatever was known before."""
        hooks.need("list_meetings", "update_meeting")
        hooks.update(replace(request_, starts_at=request_.starts_at + timedelta(hours=3)), meeting)
        (there,) = hooks.listed(request_)
        assert there.starts_at == request_.starts_at + timedelta(hours=3)
        hooks.update(request_, replace(meeting, data={**meeting.data, **there.data}))
        assert [one.starts_at for one in hooks.listed(request_)] == [request_.starts_at]

    @pytest.mark.parametrize("call", ["account", "create", "update", "find", "list"])
    def test_hostile_answers(self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest, call: str) -> None:
        """Whatever the vendor answers, the hook returns something that can be shown, or says that it can't be used."""
        hooks.need({"account": "connect_account", "list": "list_meetings"}.get(call, f"{call}_meeting"))
        meeting = hooks.create(request_)
        vendor.wire.heard.clear()
        hooks.call(call, replace(request_, minutes=45), meeting)
        heard = list(vendor.wire.heard)
        for number, one in enumerate(heard):
            for words, body in twisted(one.data):
                vendor.wire.replays(heard)
                vendor.wire.says(one, body)
                fault = hooks.outcome(call, replace(request_, minutes=45), meeting)
                assert not fault, f"call {number + 1} ({one.method} {one.path}) answered with {words}: {fault}"
        vendor.wire.quiet()

    def test_secrets(
        self, hooks: Hooks, vendor: Vendor, request_: MeetingRequest, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Tokens and the client's secret are in no log, no error, no text of a value, and not in what is stored."""
        caplog.set_level(logging.DEBUG)
        account, meeting = hooks.account(), hooks.create(request_)
        told = [repr(account), json.dumps(meeting.to_json()), repr(hooks.api), repr(hooks.provider)]
        for fault in FAULTS:
            if fault != "timeout":
                vendor.breaks("create", fault)
                with pytest.raises(ProviderError) as caught:
                    hooks.create(replace(request_, ref=f"{request_.ref}0"))
                told.append(f"{caught.value!r} {caught.value}")
                vendor.mends()
        said = "\n".join([*told, caplog.text])
        assert vendor.wire.secrets >= {CLIENT[1]}
        assert [secret for secret in vendor.wire.secrets if secret in said] == []
