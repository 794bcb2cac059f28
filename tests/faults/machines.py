"""Several machines on this one: network namespaces, each with a cable to one bridge that can be pulled and put back."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
from pathlib import Path

import redis

from hub import processes, redis_server
from tests.support import servers
from tests.support.running import Running, wait_for

NET = "198.18"  # what RFC 2544 keeps for tests of networks
WEB_PORT = 8000


def needed() -> None:
    """Skip where machines can't be made: without root or the programs, or where the kernel does not let root."""
    if os.geteuid() != 0:
        servers.need("root, for machines of their own: nobody else makes network namespaces")
    if not shutil.which("ip") or not shutil.which("nsenter"):
        servers.need("ip and nsenter, for machines of their own: apt install iproute2 util-linux")


class Network:
    """The machines of these names; leaving the `with` block removes them, and all that runs on them."""

    def __init__(self, *names: str) -> None:
        self._tag, self._names = f"hub{os.getpid()}", names
        self._bridge = f"{self._tag}.br"
        taken = _ip("-o", "-4", "addr")
        self._net = next(net for n in range(254) if (net := f"{NET}.{(os.getpid() + n) % 254}.") not in taken)
        self.outside = f"{self._net}1"  # the address of this machine, where the tests and the vendor are

    def address(self, name: str) -> str:
        """Return the address of a machine."""
        return f"{self._net}{self._names.index(name) + 2}"

    def inside(self, name: str, *, as_nobody: bool = False) -> list[str]:
        """Return the words before a command that have it run on this machine, without root's rights if wanted."""
        nobody = pwd.getpwnam("nobody")
        less = [f"--setuid={nobody.pw_uid}", f"--setgid={nobody.pw_gid}"] if as_nobody else []
        return ["nsenter", f"--net=/run/netns/{self._tag}-{name}", *less, "--"]

    def cut(self, name: str) -> None:
        """Pull the machine's cable: what it says reaches nobody any more, and nobody's words reach it."""
        _ip("link", "set", self._cable(name), "down")

    def mend(self, *names: str) -> None:
        """Put the cables of these machines back."""
        for name in names or self._names:
            _ip("link", "set", self._cable(name), "up")

    def __enter__(self) -> Network:
        _clear_away_what_died()
        try:
            self._make()
        except subprocess.CalledProcessError as fault:
            self.__exit__()
            servers.need(f"a kernel that lets root make machines of their own ({fault.stderr.strip()})")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        _remove(self._tag)

    def _make(self) -> None:
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("addr", "add", f"{self.outside}/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")
        for name in self._names:
            place = f"{self._tag}-{name}"
            _ip("netns", "add", place)
            _ip("link", "add", self._cable(name), "type", "veth", "peer", "name", "eth0", "netns", place)
            _ip("link", "set", self._cable(name), "master", self._bridge, "up")
            _ip("-n", place, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
            _ip("-n", place, "link", "set", "eth0", "up")
            _ip("-n", place, "link", "set", "lo", "up")

    def _cable(self, name: str) -> str:
        return f"{self._tag}.{self._names.index(name)}"


class FarRedis:
    """A Redis on a machine of its own."""

    def __init__(self, network: Network, name: str, folder: Path) -> None:
        address = network.address(name)
        self.url = f"redis://{address}:6379/0"
        program = [str(redis_server.program({})), "--port", "6379", "--bind", address, "--protected-mode", "no"]
        keeps = ["--dir", str(folder), "--save", "", "--loglevel", "warning"]
        self._server = processes.spawn([*network.inside(name), *program, *keeps], output=subprocess.DEVNULL)
        wait_for(self._answers)

    def stops(self) -> None:
        """End the server."""
        processes.end(self._server)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False


class Spread(Running):
    """Processes of one hub on several machines: `web-1` on the machine web-1, `worker-1` and `sweep-1` on work-1."""

    def __init__(self, network: Network, folder: Path, database_url: str, redis_url: str, zoom_url: str, **more: str):
        super().__init__(folder, database_url, redis_url, zoom_url, **more)
        self._network = network
        self.url = self.web("web-1")

    def web(self, name: str) -> str:
        """Return where a machine's web process listens."""
        return f"http://{self._network.address(name)}:{WEB_PORT}"

    def command(self, name: str) -> list[str]:
        """Return what starts a part on its machine."""
        kind, number = name.split("-")
        if kind != "web":
            return [*self._network.inside(f"work-{number}"), self._python, "-m", "hub.cli", kind]
        listens = f"{self._network.address(name)}:{WEB_PORT}"
        options = ["--bind", listens, "--workers", "1"]
        return [*self._network.inside(name), self._python, "-m", "hub.cli", "web", *options]


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
    return done.stdout


def _remove(tag: str) -> None:
    """Remove machines, their processes first, and the bridge; what is not there is no reason to stop."""
    for place in _places(tag):
        with contextlib.suppress(subprocess.CalledProcessError):
            for pid in _ip("netns", "pids", place).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(subprocess.CalledProcessError):
            _ip("netns", "del", place)
    for link in re.findall(rf"^\d+: ({re.escape(tag)}\.\w+)", _ip("-o", "link"), re.M):
        with contextlib.suppress(subprocess.CalledProcessError):
            _ip("link", "del", link)


def _places(tag: str) -> list[str]:
    return [
        place for place in re.findall(r"^(hub\d+-[\w-]+)", _ip("netns", "list"), re.M) if place.startswith(f"{tag}-")
    ]


def _clear_away_what_died() -> None:
    """Remove the machines of runs that were killed before they could."""
    for pid in set(re.findall(r"^hub(\d+)-", _ip("netns", "list"), re.M)):
        if not Path(f"/proc/{pid}").exists():
            _remove(f"hub{pid}")
