"""Compares database, local Zoom, mailbox and logs, and says in words which invariant is broken.

The invariants are those of docs/guarantees.md, I1 to I11. The oracle reads what the parts have left behind and asks
none of them whether all is well.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from icalendar import Calendar
from sqlalchemy import select

from hub.connections.readiness import Standing, standing
from hub.container import Hub
from hub.store.base import Base
from hub.store.models import Activity, Booking, Connection, Host, MeetingRow, OutboxRow
from hub.store.vault import Unreadable, digest
from hub.values import Readiness
from tests.faults.mailbox import Received
from tests.faults.watch import Call

AT_SMTP = timedelta(seconds=2)  # a mail that is on its way at the moment of a change can't be called back
ANNOUNCED = ("booked", "moved", "relocated", "cancelled")
PER_DAY = 100  # creates and updates that Zoom allows a user
CHANGES = ("create", "update")
PER_HOUR = 6  # tries for one booking while Zoom is down
LINK = re.compile(r"/j/(\d+)\?pwd=")
START_LINK = re.compile(r"/s/\d+\?zak=")


@dataclass(frozen=True)
class Scene:
    """All that the oracle looks at; `quiet` says that faults are over and what was due has been done.

    `promised` are the manage tokens that invitees were given, `by_hand` the Zoom meetings that their host moved or
    deleted there, `texts` what must hold no secret, by name, and `pages` opens a manage page.
    """

    hub: Hub
    zoom: Mapping[str, Any]
    calls: Sequence[Call]
    mails: Sequence[Received]
    promised: Sequence[str] = ()
    by_hand: Collection[str] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    pages: Callable[[str], tuple[int, str]] | None = None
    quiet: bool = True


def judge(scene: Scene) -> list[str]:
    """Return one sentence for each thing that is broken, beginning with its invariant; an empty list where all hold."""
    told = _Told(scene)
    always = (_i1_promised, _i5_true_mails, _i6_mailed_once, _i7_secrets, _i8_overlap, _i11_calls)
    quiet = (_i2_one_meeting, _i3_right_meeting, _i4_orphans, _i6_all_mailed, _i9_in_words, _i10_others)
    return [sentence for check in (*always, *(quiet if scene.quiet else ())) for sentence in check(told)]


class _Told:
    """The scene, read once and sorted."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.hub, self.now = scene, scene.hub, scene.hub.clock()
        with scene.hub.store.read() as session:
            self.bookings = list(session.scalars(select(Booking).order_by(Booking.id)))
            self.connections = list(session.scalars(select(Connection)))
            hosts = list(session.scalars(select(Host)))
            self.standing: dict[int, Standing] = {host.id: standing(session, scene.hub, host) for host in hosts}
            self.outbox = list(session.scalars(select(OutboxRow)))
            self.timeline: dict[int, list[str]] = defaultdict(list)
            for row in session.scalars(select(Activity).order_by(Activity.id)):
                self.timeline[row.booking_id].append(row.what)
            tables = [table for table in Base.metadata.sorted_tables if table.name != "alembic_version"]
            self.plain = {
                table.name: "\n".join(str(tuple(r)) for r in session.execute(select(table))) for table in tables
            }
        self.meetings = [m for m in scene.zoom["meetings"] if not m["deleted_at"] and not m["purged"]]
        self.marked: dict[str, tuple[Booking, int]] = {}
        for booking in self.bookings:
            for n in range(1, max((row.n for row in booking.meetings), default=0) + 2):
                marker = scene.hub.vault.fingerprint(f"meeting:{booking.ref}:{n}")[:24]
                self.marked[marker] = booking, n
        self.asked = {f"<{digest(row.key)[:32]}@": row for row in self.outbox if row.topic == "mail"}
        self.born = {row.key: row.created_at for row in self.outbox if row.topic == "sync"}

    def live(self, booking: Booking) -> list[dict[str, Any]]:
        """The meetings at Zoom that carry the booking's marker."""
        return [m for m in self.meetings if self.marked.get(_marker(m), (None, 0))[0] is booking]

    def upcoming(self) -> list[Booking]:
        """The bookings that stand and are not over."""
        return [booking for booking in self.bookings if booking.confirmed and booking.ends_at > self.now]

    def oauth(self, key: str) -> bool:
        """Whether this provider needs a connection."""
        provider = self.hub.registry.get(key)
        return provider is None or provider.oauth is not None

    def row_of(self, mail: Received) -> OutboxRow | None:
        """The outbox row that asked for this mail."""
        return self.asked.get(mail.id.split("@")[0] + "@")

    def until(self, booking_id: int, version: int) -> datetime | None:
        """When the next version of the booking took the place of this one."""
        return self.born.get(f"sync:{booking_id}:{version + 1}")


def _i1_promised(told: _Told) -> Iterator[str]:
    known = Counter(booking.manage_digest for booking in told.bookings)
    for token in told.scene.promised:
        if not known[digest(token)]:
            yield "I1: a booking that its invitee saw confirmed is not in the database"


def _i2_one_meeting(told: _Told) -> Iterator[str]:
    for booking in told.bookings:
        live = told.live(booking)
        if len(live) > 1:
            yield f"I2: booking {booking.id} has {len(live)} meetings at Zoom"


def _i3_right_meeting(told: _Told) -> Iterator[str]:
    for booking in told.upcoming():
        row, known = booking.meeting, told.standing[booking.host_id]
        if row is None:
            yield f"I3: booking {booking.id} has no meeting row"
            continue
        if not told.oauth(row.provider) or known.readiness(row.provider) is not Readiness.READY:
            continue
        if row.state != "ready":
            # What was refused, or could not be made at the time, was told to the host; all else should be there.
            excused = row.state in ("manual", "left") or (
                row.state in ("failed", "skipped") and row.state in told.timeline[booking.id]
            )
            if not excused:
                yield f"I3: booking {booking.id} still has no meeting: it is {row.state} ({row.error or 'no error'})"
            continue
        if known.same_account(row.provider, row.account):
            yield from _differs(told, booking, row)


def _differs(told: _Told, booking: Booking, row: MeetingRow) -> Iterator[str]:
    number = str((row.value or {}).get("external_id"))
    if number in told.scene.by_hand:
        return
    meeting = next((m for m in told.meetings if str(m["id"]) == number), None)
    if meeting is None:
        yield f"I3: booking {booking.id} points to meeting {number}, which is not at Zoom"
        return
    if "kept" in told.timeline[booking.id]:
        return  # the host was told that Zoom's time did not follow
    wanted = {
        "start_time": f"{booking.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        "duration": booking.minutes,
        "topic": booking.title,
    }
    for name, value in wanted.items():
        if meeting[name] != value:
            yield f"I3: booking {booking.id} has a meeting whose {name} is {meeting[name]!r}, not {value!r}"
    if row.synced_version < booking.version:
        yield f"I3: booking {booking.id} is at version {booking.version}, its meeting at {row.synced_version}"


def _i4_orphans(told: _Told) -> Iterator[str]:
    for meeting in told.meetings:
        marker = _marker(meeting)
        if not marker or str(meeting["id"]) in told.scene.by_hand:
            continue
        if marker not in told.marked:
            yield f"I4: meeting {meeting['id']} at Zoom belongs to no booking"
            continue
        booking, n = told.marked[marker]
        row = next((row for row in booking.meetings if row.n == n), None)
        # Of a booking that is over, and of a provider that the host has disconnected, meetings stay.
        kept = booking.confirmed and booking.ends_at <= told.now
        if row is not None and not kept and "left" not in (row.state, *told.timeline[booking.id]):
            stands = booking.confirmed and row is booking.meeting and row.state in ("ready", "pending", "failed")
            if not stands:
                yield f"I4: meeting {meeting['id']} at Zoom is left over from booking {booking.id} ({booking.status}, row {row.state})"


def _i5_true_mails(told: _Told) -> Iterator[str]:
    by_id = {booking.id: booking for booking in told.bookings}
    sequences: dict[tuple[int, str], int] = {}
    for mail in told.scene.mails:
        row = told.row_of(mail)
        if row is None:
            yield f"I5: nobody asked for the mail {mail.message['Subject']!r}"
            continue
        ids, name = row.ids, f"the {row.ids['kind']} mail"
        booking = by_id.get(int(ids.get("booking", 0)))
        if booking is None:
            continue
        expected = booking.invitee_email if ids["to"] == "invitee" else booking.host.email
        if mail.to != (expected,) or str(mail.message["To"].addresses[0].addr_spec) != expected:
            yield f"I5: {name} of booking {booking.id} went to {', '.join(mail.to)}, not to {expected}"
        until = told.until(booking.id, ids["version"])
        if until and mail.at > until + AT_SMTP and ids["kind"] != "problem":
            yield f"I5: {name} of booking {booking.id} tells of version {ids['version']}, which was replaced before"
        yield from _links(told, booking, mail, name)
        yield from _entry(booking, mail, row, name, sequences)


def _links(told: _Told, booking: Booking, mail: Received, name: str) -> Iterator[str]:
    ours = {str(row.value["external_id"]) for row in booking.meetings if row.value}
    for number in LINK.findall(mail.text):
        if number not in ours:
            yield f"I5: {name} of booking {booking.id} has the link of a meeting that is not its own"


def _entry(
    booking: Booking, mail: Received, row: OutboxRow, name: str, sequences: dict[tuple[int, str], int]
) -> Iterator[str]:
    part = next((part for part in mail.message.walk() if part.get_content_type() == "text/calendar"), None)
    if part is None:
        return
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    entry = calendar.walk("VEVENT")[0]
    if row.ids["version"] == booking.version and entry.decoded("DTSTART") != booking.starts_at:
        yield f"I5: {name} of booking {booking.id} says {entry.decoded('DTSTART')}, not {booking.starts_at}"
    if (str(calendar["METHOD"]) == "CANCEL") != (row.ids["kind"] == "cancelled"):
        yield f"I5: {name} of booking {booking.id} is a calendar {calendar['METHOD']}"
    place, sequence = (booking.id, mail.to[0]), int(entry["SEQUENCE"])
    if sequence < sequences.get(place, 0):
        yield f"I5: {name} of booking {booking.id} has a sequence below that of an earlier mail"
    sequences[place] = sequence


def _i6_mailed_once(told: _Told) -> Iterator[str]:
    copies: dict[str, list[Received]] = defaultdict(list)
    for mail in told.scene.mails:
        copies[mail.id].append(mail)
    for same in copies.values():
        if len(same) > 1 + sum(not mail.told for mail in same) or len(same) > 2:
            yield f"I6: {same[0].message['Subject']!r} was mailed {len(same)} times to {same[0].to[0]}"


def _i6_all_mailed(told: _Told) -> Iterator[str]:
    got = {
        (m.to[0], row.ids.get("booking"), row.ids.get("version")) for m in told.scene.mails if (row := told.row_of(m))
    }
    for booking in told.bookings:
        if "mail_failed" in told.timeline[booking.id]:
            continue
        for to in (booking.invitee_email, booking.host.email):
            if (to, booking.id, booking.version) not in got:
                yield f"I6: {to} was not mailed about version {booking.version} of booking {booking.id}"
    for booking in told.upcoming():
        row = booking.meeting
        link = str(row.value.get("join_url") or "") if row and row.value and row.state == "ready" else ""
        texts = [mail.text for mail in told.scene.mails if booking.invitee_email in mail.to]
        if link and "mail_failed" not in told.timeline[booking.id] and not any(link in text for text in texts):
            yield f"I6: the invitee of booking {booking.id} was never mailed its link"


def _i7_secrets(told: _Told) -> Iterator[str]:
    texts = {**told.scene.texts, **{f"table {name}": text for name, text in told.plain.items()}}
    for kind, secret in _secrets(told):
        for name, text in texts.items():
            if secret in text:
                yield f"I7: {kind} stands in {name}"
    for name, text in texts.items():
        if START_LINK.search(text):
            yield f"I7: a start link stands in {name}"


def _secrets(told: _Told) -> Iterator[tuple[str, str]]:
    vault, environ = told.hub.vault, told.hub.settings.environ
    for connection in told.connections:
        try:
            tokens = json.loads(vault.open(connection.tokens, f"connection:{connection.id}:tokens"))
        except (Unreadable, ValueError):
            continue
        yield from tokens.items()
    for token in told.scene.promised:
        yield "a manage token", token
    for name, value in environ.items():
        if name.endswith(("_CLIENT_SECRET", "_WEBHOOK_SECRET", "_SECRET_KEY", "_ENCRYPTION_KEYS")) and value:
            yield name, value


def _i8_overlap(told: _Told) -> Iterator[str]:
    by_host: dict[int, list[Booking]] = defaultdict(list)
    for booking in told.bookings:
        if booking.confirmed:
            by_host[booking.host_id].append(booking)
    for rows in by_host.values():
        for one, other in pairwise(sorted(rows, key=lambda booking: booking.busy_from)):
            if one.busy_to > other.busy_from:
                yield f"I8: bookings {one.id} and {other.id} of one host overlap"


WORDS = {
    "pending": ("Creating your", "Preparing the details", "taking longer than usual", "has been told"),
    "failed": ("has been told",),
    "skipped": ("has been told",),
    "ready": ("Join", "Where", "where"),
}


def _i9_in_words(told: _Told) -> Iterator[str]:
    for booking in told.upcoming():
        row = booking.meeting
        if row and row.provider != booking.place.provider:
            yield f"I9: booking {booking.id} was promised {booking.place.provider} and has {row.provider}"
        if told.scene.pages is None or row is None or row.state not in WORDS:
            continue
        token = told.hub.vault.open(booking.manage_token, f"booking:{booking.ref}:manage")
        status, page = told.scene.pages(f"/b/{token}")
        if status != 200 or not any(words in page for words in WORDS[row.state]):
            yield f"I9: the page of booking {booking.id} ({row.state}) does not say how things stand (it answers {status})"


def _i10_others(told: _Told) -> Iterator[str]:
    for booking in told.upcoming():
        row = booking.meeting
        if row and not told.oauth(row.provider) and row.state not in ("ready", "manual", "failed"):
            yield f"I10: booking {booking.id} at {row.provider} suffers from another provider's fault: it is {row.state}"


def _i11_calls(told: _Told) -> Iterator[str]:
    creates: dict[str, list[Call]] = defaultdict(list)
    for call in told.scene.calls:
        if call.route == "create" and call.ref:
            creates[call.ref].append(call)
    for ref, calls in creates.items():
        for one, other in pairwise(sorted(calls, key=lambda call: call.began)):
            if other.began < one.ended:
                yield f"I11: two creates for meeting {ref} were under way at once"
        for call in calls:
            hour = [other for other in calls if call.at <= other.at < call.at + timedelta(hours=1)]
            if len(hour) > PER_HOUR:
                yield f"I11: meeting {ref} was asked for {len(hour)} times within an hour"
                break
    days = Counter((c.user, c.at.date()) for c in told.scene.calls if c.route in CHANGES and c.user)
    for (user, day), count in days.items():
        if count > PER_DAY:
            yield f"I11: {count} creates and updates for {user} on {day}"


def _marker(meeting: Mapping[str, Any]) -> str:
    agenda = str(meeting["agenda"])
    return agenda[4:28] if agenda.startswith("ref:") else ""
