"""The table of mails about an account: each for one address, most of them with a link that works once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.base import Base


class AccountMail(Base):
    """A mail about an account, and what its link does; deleted once used, replaced or expired.

    `host_id` is empty where the address has no account: such a row makes an account, or is there so
    that both cases take the same time. `digest` is that of the link's token, empty where it has no link.
    """

    __tablename__ = "account_mail"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - outbox keys name the id, which is never used again
    id: Mapped[int] = mapped_column(primary_key=True)
    host_id: Mapped[int | None] = mapped_column(ForeignKey("host.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    email: Mapped[str] = mapped_column(String(320))  # to whom it goes
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    token: Mapped[str] = mapped_column(Text, default="")  # sealed; emptied once it is mailed
    data: Mapped[str] = mapped_column(Text, default="")  # sealed JSON: what the link does it with
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
