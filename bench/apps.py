"""What gunicorn serves during a measurement: the hub with its limits lifted, and the floor."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from flask import Flask, request, send_from_directory
from sqlalchemy import Integer, String, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from bench.hooks import many
from hub.app import assemble, create_app
from hub.config import load

LIFTED = (
    "100000/second"  # counted as ever, but never reached; a second's window keeps the counters as short as real ones
)


class Base(DeclarativeBase):
    """Base of the floor's one table."""


class Row(Base):
    """What the floor inserts."""

    __tablename__ = "row"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    slot: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    email: Mapped[str] = mapped_column(String(320))


def hub_app() -> Flask:
    """Return the hub, for the environment."""
    app = create_app()
    app.config["BOOKING_LIMITS"] = (LIFTED, LIFTED, LIFTED)
    return app


def many_app() -> Flask:
    """Return the hub with a hundred providers, for the environment, and with a file that is served as its own are."""
    hub = assemble(load(os.environ))
    app = create_app(hub=dataclasses.replace(hub, registry=many()))
    file = Path(os.environ["STATIC_PAGE"])
    app.add_url_rule("/static-page", "bench.file", lambda: send_from_directory(file.parent, file.name))
    return app


def floor_app() -> Flask:
    """Return the floor: Flask and SQLAlchemy and nothing else, one row and one commit for each POST."""
    app = Flask("floor")
    engine = floor_engine(os.environ["FLOOR_DATABASE_URL"])

    @app.post("/rows")
    def add() -> tuple[str, int]:
        with Session(engine) as session:
            session.add(Row(slot=request.form["slot"], name=request.form["name"], email=request.form["email"]))
            session.commit()
        return "done", 201

    @app.get("/readyz")
    def ready() -> str:
        return "ready"

    return app


def floor_engine(url: str) -> Any:
    """Return a plain engine with the durability that the hub asks of the same database."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=10)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connect(raw: Any, _record: Any) -> None:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
                raw.execute(f"PRAGMA {pragma}")

    return engine
