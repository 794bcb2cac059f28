"""Run the sandbox alone: python -m plugins.zoom.sandbox --port 5001."""

from __future__ import annotations

import argparse

from .server import serve_sandbox


def main() -> None:
    """Serve on 127.0.0.1 until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m plugins.zoom.sandbox", description="Simulated Zoom, not zoom.us.")
    parser.add_argument("--port", type=int, default=5001, help="port on 127.0.0.1 (default 5001, 0 = a free one)")
    parser.add_argument("--state", metavar="FILE", help="keep the data in this file")
    parser.add_argument(
        "--redirect-uri", action="append", default=[], metavar="URL", help="allowed redirect; repeatable"
    )
    parser.add_argument("--webhook-url", default="", metavar="URL", help="where to send events")
    arguments = parser.parse_args()
    server = serve_sandbox(
        port=arguments.port,
        state_file=arguments.state,
        redirect_uris=arguments.redirect_uri,
        webhook_url=arguments.webhook_url,
    )
    print(f"Simulated Zoom at {server.url} (client sandbox-client, secret sandbox-secret)", flush=True)  # noqa: T201
    try:
        server.join()
    except KeyboardInterrupt:
        server.close()


if __name__ == "__main__":
    main()
