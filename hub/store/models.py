"""The tables: what the hub knows, with times in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.store.base import Base
from hub.store.outbox_row import OutboxRow as OutboxRow  # in a module of its own, for the length of this one
from hub.values import Location


class Host(Base):
    """An account owner who takes bookings."""

    __tablename__ = "host"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)  # lower case
    name: Mapped[str] = mapped_column(String(200))
    handle: Mapped[str] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(String(64))
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    active: Mapped[bool] = mapped_column(default=True)
    operator: Mapped[bool] = mapped_column(default=False)
    onboarding_step: Mapped[int] = mapped_column(default=1)  # 0 once it is done
    onboarding_draft: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the first event type's title and minutes
    session_epoch: Mapped[int] = mapped_column(default=1)  # raised to sign out everywhere
    hours: Mapped[dict[str, Any]] = mapped_column(default=dict)  # weekday "0" (Monday) to "6": [[from, to], …]
    overrides: Mapped[dict[str, Any]] = mapped_column(default=dict)  # ISO date: ranges instead; [] is a day off
    providers_off: Mapped[list[Any]] = mapped_column(default=list)  # keys that the operator has not enabled
    default_provider: Mapped[str] = mapped_column(String(40), default="", server_default="")  # of new event types
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]  # of a departed host: name and zone only, for open pages

    @property
    def first_name(self) -> str:
        """The name by which mails and pages call the host."""
        return self.name.split()[0] if self.name.split() else self.name


class Connection(Base):
    """A host's authorization at one provider. The id stays the same over reconnects.

    `tokens` is sealed JSON (access_token, refresh_token). Without it and without `broken_reason` the host has
    disconnected; with `broken_reason` the grant is dead and `account` still tells whose it was.
    """

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("host_id", "provider"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("host.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(40))
    account: Mapped[str] = mapped_column(String(64), default="", index=True)  # keyed fingerprint of the vendor's id
    account_label: Mapped[str] = mapped_column(String(320), default="")
    account_data: Mapped[dict[str, Any]] = mapped_column(default=dict)  # external_id, pool, notes, max_minutes, warning
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    tokens: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime | None]
    grant_number: Mapped[int] = mapped_column(default=0)  # raised whenever the tokens change; writes compare it
    refresh_lease: Mapped[str] = mapped_column(String(32), default="")
    refresh_lease_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    broken_reason: Mapped[str] = mapped_column(Text, default="")
    broken_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)  # calls in a row that found the vendor away
    outage_since: Mapped[datetime | None]  # the first of them
    open_until: Mapped[datetime | None]  # while the breaker is open: when one call may ask again


class OAuthFlow(Base):
    """An authorization that was begun: one use, ten minutes, for one browser, host and provider."""

    __tablename__ = "oauth_flow"
    state_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    host_id: Mapped[int] = mapped_column(ForeignKey("host.id", ondelete="CASCADE"))
    provider: Mapped[str] = mapped_column(String(40))
    verifier: Mapped[str] = mapped_column(Text)  # sealed
    return_to: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class EventType(Base):
    """What can be booked of a host; durations, buffers, notice and interval in minutes."""

    __tablename__ = "event_type"
    __table_args__ = (UniqueConstraint("host_id", "slug"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("host.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(60))
    description: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[int]
    buffer_before: Mapped[int] = mapped_column(default=0)
    buffer_after: Mapped[int] = mapped_column(default=0)
    notice: Mapped[int] = mapped_column(default=120)
    horizon_days: Mapped[int] = mapped_column(default=60)
    interval: Mapped[int] = mapped_column(default=30)
    active: Mapped[bool] = mapped_column(default=True)
    reminders: Mapped[list[Any]] = mapped_column(default=lambda: [1440, 60])  # minutes before the start
    created_at: Mapped[datetime]
    host: Mapped[Host] = relationship(lazy="joined", innerjoin=True)
    locations: Mapped[list[LocationRow]] = relationship(
        order_by="LocationRow.position", cascade="all, delete-orphan", lazy="selectin", passive_deletes=True
    )


class LocationRow(Base):
    """One location of an event type; `show_before` says whether private inputs are shown before booking."""

    __tablename__ = "location"
    id: Mapped[int] = mapped_column(primary_key=True)
    event_type_id: Mapped[int] = mapped_column(ForeignKey("event_type.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    provider: Mapped[str] = mapped_column(String(40))
    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    label: Mapped[str] = mapped_column(String(80), default="")
    show_before: Mapped[bool] = mapped_column(default=True)

    @property
    def value(self) -> Location:
        """The location as plugins see it."""
        return Location(self.provider, dict(self.inputs), self.label)


class Booking(Base):
    """A promised time. Keeps its id over every change; `version` grows with each, `sequence` with each mail's content.

    `busy_from`/`busy_to` are the times with the event type's buffers: for one host no two confirmed ones overlap.
    """

    __tablename__ = "booking"
    __table_args__ = (
        Index("ix_booking_host_busy", "host_id", "status", "busy_from", "busy_to"),
        Index("ix_booking_host_starts", "host_id", "starts_at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(32), unique=True)
    host_id: Mapped[int] = mapped_column(ForeignKey("host.id", ondelete="CASCADE"))
    event_type_id: Mapped[int | None] = mapped_column(ForeignKey("event_type.id", ondelete="SET NULL"), index=True)
    manage_digest: Mapped[str] = mapped_column(String(64), unique=True)
    view_digest: Mapped[str] = mapped_column(String(64), unique=True)
    manage_token: Mapped[str] = mapped_column(Text, default="")  # sealed
    view_token: Mapped[str] = mapped_column(Text, default="")  # sealed
    nonce: Mapped[str] = mapped_column(String(64), unique=True)
    nonce_digest: Mapped[str] = mapped_column(String(64))  # of what was posted with it
    title: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    busy_from: Mapped[datetime]
    busy_to: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(12), default="confirmed")  # or cancelled
    version: Mapped[int] = mapped_column(default=1)
    sequence: Mapped[int] = mapped_column(default=0)
    location: Mapped[dict[str, Any]]  # snapshot: id, provider, inputs, label
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    invitee_name: Mapped[str] = mapped_column(String(200))
    invitee_email: Mapped[str] = mapped_column(String(320))
    invitee_timezone: Mapped[str] = mapped_column(String(64))
    notes: Mapped[str] = mapped_column(Text, default="")
    cancel_reason: Mapped[str] = mapped_column(Text, default="")
    cancelled_by: Mapped[str] = mapped_column(String(12), default="")
    changed_by: Mapped[str] = mapped_column(String(12), default="invitee")
    changes: Mapped[int] = mapped_column(default=0)
    sync_lease: Mapped[str] = mapped_column(String(32), default="")
    sync_lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    host: Mapped[Host] = relationship(lazy="joined", innerjoin=True)
    meetings: Mapped[list[MeetingRow]] = relationship(order_by="MeetingRow.n", lazy="selectin", passive_deletes=True)

    @property
    def minutes(self) -> int:
        """How long it lasts, in whole minutes."""
        return round((self.ends_at - self.starts_at).total_seconds() / 60)

    @property
    def confirmed(self) -> bool:
        """Whether it stands."""
        return self.status == "confirmed"

    @property
    def place(self) -> Location:
        """The chosen location as plugins see it."""
        snapshot = self.location
        return Location(snapshot["provider"], snapshot.get("inputs", {}), snapshot.get("label", ""))

    @property
    def meeting(self) -> MeetingRow | None:
        """The row that is wanted while the booking stands: the newest one that is no stray."""
        rows = [row for row in self.meetings if not row.stray]
        return rows[-1] if rows else None


class MeetingRow(Base):
    """What is known of one meeting at a provider; see hub.meetings.decide for its states."""

    __tablename__ = "meeting"
    __table_args__ = (UniqueConstraint("booking_id", "n"),)  # and ix_meeting_external_id: see hub.meetings.noticed
    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    n: Mapped[int] = mapped_column(default=1)
    provider: Mapped[str] = mapped_column(String(40))
    account: Mapped[str] = mapped_column(String(64), default="")  # keyed fingerprint, empty without a connection
    value: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12), default="pending")
    stray: Mapped[bool] = mapped_column(
        default=False
    )  # exists beside the booking's own: made by a lost attempt, or by a worker that had lost its lease
    synced_version: Mapped[int] = mapped_column(default=0)
    noticed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))  # see hub.meetings.noticed
    known_at: Mapped[datetime | None]  # when the vendor was last in step or told us; what is older is history
    attempted_at: Mapped[datetime | None]  # set before a create, cleared once its outcome is known
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    next_try_at: Mapped[datetime | None]


class Activity(Base):
    """One line of a booking's timeline, in words that a host understands."""

    __tablename__ = "activity"
    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    what: Mapped[str] = mapped_column(String(30))
    text: Mapped[str] = mapped_column(Text)
