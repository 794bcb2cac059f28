"""Assembles the hub: container, outbox handlers and the Flask application."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from hub import config, logs, providers, words
from hub.accounts.forgetting import forget
from hub.connections import http
from hub.container import Hub
from hub.meetings.doubles import look
from hub.meetings.given_up import given_up
from hub.meetings.sync import sync_booking
from hub.notify.mail import send_mail
from hub.notify.transport import mailer
from hub.outbox.jobs import RedisQueue
from hub.outbox.outbox import PARKED, Handler
from hub.store import fingerprints
from hub.store.clock import ServerClock
from hub.store.db import Store
from hub.store.vault import Vault
from hub.web import BLUEPRINTS, latency, security, session, shell


def assemble(settings: config.Settings, registry: providers.Registry | None = None) -> Hub:
    """Return the container for this process, with all installed providers unless others are given.

    Raises ConfigError where a provider is half-set.
    """
    registry = registry or providers.load()
    config.check_providers(settings, [provider.facts for provider in registry.all()])
    store = Store(settings.database_url)
    return Hub(
        settings=settings,
        store=store,
        vault=Vault(settings.encryption_keys, fingerprints.kept(store.engine)),
        registry=registry,
        queue=RedisQueue(settings.redis_url),
        http=http.client(),
        mailer=mailer(settings.mail_url),
        clock=(lambda: datetime.now(UTC)) if store.sqlite else ServerClock(store.engine),
    )


def handlers(hub: Hub) -> dict[str, Handler]:
    """Return what delivers each topic of the outbox."""
    return {
        "sync": partial(sync_booking, hub),
        "mail": partial(send_mail, hub),
        "doubles": partial(look, hub),
        "forget": partial(forget, hub),
        PARKED: partial(given_up, hub),
    }


def create_app(
    environ: Mapping[str, str] | None = None, *, hub: Hub | None = None, latencies: latency.Latencies | None = None
) -> Flask:
    """Return the web application, for the environment or for a hub that is assembled already.

    How long requests take is counted in `latencies`, which processes may share.

    Raises ConfigError.
    """
    if hub is None:
        settings = config.load(os.environ if environ is None else environ)
        logs.configure(settings.log_format)
        hub = assemble(settings)
    app = Flask("hub", template_folder=str(words.templates_folder()), static_folder=str(words.HERE / "static"))
    app.extensions["hub"] = hub
    latency.init_app(app, latencies)
    session.init_app(app, hub)
    security.init_app(app, hub)
    shell.init_app(app, hub)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if hub.settings.trusted_proxies:
        count = hub.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    return app
