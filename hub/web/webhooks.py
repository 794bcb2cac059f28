"""What vendors send by themselves: POST /webhooks/<provider>, signed by the vendor, and answered without any network."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import MethodNotAllowed

from hub.errors import Rejected, Untrusted
from hub.events import WebhookRequest
from hub.meetings import incoming
from hub.web.security import LARGEST_FORM, csrf
from hub.web.shell import the_hub

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

log = logging.getLogger(__name__)


# All methods: else a booking page's address, /<handle>/<slug>, would answer for the others.
@blueprint.route("/<key>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@csrf.exempt  # type: ignore[untyped-decorator]  # a machine sends it, and signs it
def receive(key: str) -> Response:
    """Have the plugin verify and read it, and let it take effect once.

    401 for what the vendor can't be shown to have sent just now, 400 for what it should not ask; both end its
    attempts. A database that is down answers 503, after which vendors try again.
    """
    hub = the_hub()
    provider = hub.registry.get(key)
    if provider is None or not provider.can("receive_webhook"):
        abort(404)
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    body = _body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        reply = provider.receive_webhook(
            WebhookRequest(headers, body, hub.clock()), hub.settings.provider(provider.facts)
        )
    except Untrusted as fault:
        log.warning("a webhook for %s is refused: %s", key, fault.message)
        return _said(401, "The signature does not hold.")
    except Rejected as fault:
        return _said(400, fault.message)
    if reply.events:
        taken = incoming.take(hub, provider, reply, body)
        log.info("a webhook of %s: %s: %s", key, ", ".join(type(event).__name__ for event in reply.events), taken)
    return jsonify(dict(reply.body)) if reply.body is not None else Response(status=204)


def _body() -> bytes:
    """Return the body's bytes. Aborts with 415 for what is not plain JSON, with 413 before reading what is too large."""
    if request.mimetype != "application/json" or request.headers.get("Content-Encoding", "identity") != "identity":
        abort(415)
    if (request.content_length or 0) > LARGEST_FORM:
        abort(413)
    return request.get_data(cache=False)


def _said(status: int, sentence: str) -> Response:
    return Response(f"{sentence}\n", status, mimetype="text/plain")
