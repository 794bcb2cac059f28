"""Commands that serve: demo, up, web, worker, sweep, and the demo's inner two."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from hub.commands.common import PORT, say

if TYPE_CHECKING:
    from rq.worker import BaseWorker

    from hub.config import Settings


@click.command()
@click.option("--port", type=PORT, help="Where the hub listens (8000, or the next free one).")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Data folder (var/demo).")
def demo(port: int | None, host: str, data: Path | None) -> None:
    """Try everything out here, with sandboxes and a sample host."""
    from hub import demo as demonstration
    from hub import local

    demonstration.run(host=host, port=port, data_dir=data or local.default_data_dir("demo"), say=say)


@click.command()
@click.option("--port", type=PORT, help="Where the hub listens (8000).")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
def up(port: int | None, host: str) -> None:
    """Run everything on this machine, for real use."""
    from hub import local
    from hub.commands.common import whole_settings
    from hub.supervisor import Part, Supervisor

    os.environ.setdefault("HUB_DATA_DIR", str(local.default_data_dir()))
    os.environ.setdefault("HUB_PUBLIC_URL", local.address(host, port or 8000))
    told = whole_settings()  # before anything is made: what is wrong with the set-up is said first
    told.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    own_redis = "HUB_REDIS_URL" not in os.environ
    changes = {"HUB_DATA_DIR": str(told.data_dir), "HUB_PUBLIC_URL": told.public_url}
    if own_redis:
        changes["HUB_REDIS_URL"] = local.redis_url(told.data_dir)
    env = local.environment(changes)
    with local.held(told.data_dir):
        listens, _ = local.free_port(host, port or 8000, given=True)
        with Supervisor(told.data_dir / "logs", say=say) as supervisor:
            redis = local.redis_part(told.data_dir, env) if own_redis else []
            supervisor.start(*redis, Part("database", local.command("migrate"), env, once=True, shows="up to date"))
            supervisor.start(*local.hub_parts(env, host=host, port=listens))
            say(_welcome(told))
            supervisor.watch()


def _welcome(told: Settings) -> str:
    """Return what is printed once everything runs."""
    nobody = told.mail_url.startswith("file:")
    rows = [
        ("Hub", told.public_url),
        ("Sign up", f"{told.public_url}/signup"),
        ("Data", str(told.data_dir)),
        ("Mails", "written to files and sent to nobody: set HUB_MAIL_URL" if nobody else "sent"),
        ("Set-up", "hub doctor looks at every part of it"),
    ]
    return "\n".join(["", *(f"  {name:<7}  {value}" for name, value in rows), "", "Ctrl-C stops everything."])


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="HOST:PORT, or unix:PATH.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Number of processes.")
def web(bind: str, workers: int) -> None:
    """Serve the pages."""
    from hub.commands.common import serving

    assembled = serving()
    assembled.store.dispose()  # what is wrong with the set-up is said here, once, and not by every process
    from hub import webserver

    webserver.run(bind, workers, log_format=assembled.settings.log_format)


@click.command()
@click.option("-n", "count", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of workers.")
def worker(count: int) -> None:
    """Deliver what is due: meetings and mails."""
    from hub.commands.common import serving

    assembled = serving()
    if count > 1:
        assembled.store.dispose()
        _workers(count)
        return
    from hub.app import handlers
    from hub.outbox import patience
    from hub.outbox.worker import make_worker
    from hub.supervisor import announce_ready

    def ready() -> BaseWorker:
        made = make_worker(assembled, handlers(assembled))
        announce_ready()
        return made

    _reach_redis(assembled.settings.redis_url)
    patience.work(assembled.settings.redis_url, ready)


def _reach_redis(url: str) -> None:
    import redis

    from hub.errors import HubError

    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
            client.ping()
    except redis.RedisError:
        raise HubError("Redis does not answer: check HUB_REDIS_URL, or start everything with hub up.") from None


def _workers(count: int) -> None:
    from hub import local
    from hub.supervisor import Part, Supervisor

    env = local.environment({})
    with Supervisor(None, say=say) as supervisor:
        supervisor.start(*(Part(f"worker-{n}", local.command("worker"), env) for n in range(1, count + 1)))
        supervisor.watch()


@click.command()
def sweep() -> None:
    """Wake the workers for what is due or was missed."""
    from hub.commands.common import serving
    from hub.outbox import sweep as sweeper
    from hub.supervisor import announce_ready

    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        # Not set here: the handler may have interrupted the main thread inside the event's own lock.
        threading.Thread(target=stop.set).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)
    assembled = serving()
    announce_ready()
    sweeper.run(assembled, stop)


@click.command("demo-services", hidden=True)
@click.option("--host", required=True)
@click.option("--port", type=PORT, required=True)
def demo_services(host: str, port: int) -> None:
    """The demo's mailbox and sandboxes."""
    from hub import demo_services as services
    from hub import local, providers

    data = Path(os.environ["HUB_DATA_DIR"])
    (data / "sandbox").mkdir(parents=True, exist_ok=True, mode=0o700)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    app = services.build(providers.load().all(), url=local.address(host, port), mails=data / "mail")
    services.serve(app, host=host, port=port)


@click.command("demo-data", hidden=True)
def demo_data() -> None:
    """The demo's database and sample host."""
    from hub import demo as demonstration
    from hub.app import assemble
    from hub.commands.common import settings
    from hub.store.migrate import upgrade

    told = settings()
    upgrade(told.database_url)
    demonstration.seed(assemble(told))


COMMANDS = (demo, up, web, worker, sweep, demo_services, demo_data)
