"""Whether the hub is alive and ready, for whoever watches over it."""

from __future__ import annotations

from flask import Blueprint
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hub.store.migrate import is_current
from hub.web.shell import the_hub

blueprint = Blueprint("ops", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[dict[str, str], int]:
    """Answer as long as this process serves requests."""
    return {"status": "ok"}, 200


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, str], int]:
    """Answer 200 once the database is reached and its schema is present, else 503. Redis may be down."""
    store = the_hub().store
    try:
        with store.read() as session:
            session.execute(text("SELECT 1"))
        current = is_current(store)
    except SQLAlchemyError:
        return {"status": "the database can't be reached"}, 503
    if not current:
        return {"status": "the database needs `hub migrate`"}, 503
    return {"status": "ready"}, 200
