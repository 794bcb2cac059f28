"""People who use the hub in tests: hosts and invitees, who only do what a browser can."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from hub import accounts
from hub.container import Hub
from hub.store.models import EventType, LocationRow
from hub.store.models import Host as HostRow
from hub.testing import samples

PASSWORD = "correct horse battery"
ZONE = "Europe/Vienna"


def token_of(page: str) -> str:
    """Return the forgery token of a page's first form."""
    match = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert match, page[:500]
    return match.group(1)


def consent(url: str, *, user: str, decision: str) -> str:
    """Decide on the vendor's consent page at `url`; returns the address that it sends the browser back to."""
    parts = urlsplit(url)
    for base in _prefixes(parts.path):
        place = parts._replace(path=f"{base}/_sim/authorize", query="").geturl()
        asked = {"url": url, "user": user, "decision": decision}
        answer = httpx2.post(place, json=asked, trust_env=False, verify=False)  # loopback, without TLS
        if answer.status_code != 404:
            assert answer.status_code == 200, answer.text
            return str(answer.json()["location"])
    raise AssertionError(f"no sandbox is at {url}")


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


class Person:
    """Somebody with a browser of their own; `page` is the page that is open."""

    def __init__(self, browser: Client) -> None:
        self.browser = browser
        self.page = ""

    def opens(self, path: str, status: int = 200) -> str:
        """Open a page, following redirects, and return its text."""
        answer = self.browser.get(path, follow_redirects=True)
        assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True)[-2000:])
        self.page = answer.get_data(as_text=True)
        return self.page

    def sends(self, path: str, follow: bool = True, **fields: Any) -> TestResponse:
        """Send a form as the page open now would."""
        data = {"csrf_token": token_of(self.page), **fields}
        answer = self.browser.post(path, data=data, follow_redirects=follow)
        if answer.mimetype == "text/html" and "csrf_token" in answer.get_data(as_text=True):
            self.page = answer.get_data(as_text=True)
        return answer

    def reads(self, text: str) -> bool:
        """Tell whether the page open now says `text`."""
        plain = html.unescape(re.sub(r"<[^>]+>", " ", self.page))
        return " ".join(text.split()) in " ".join(plain.split())


class Host(Person):
    """A host of this hub; signed up and signed in."""

    def __init__(self, browser: Client, hub: Hub, name: str = "Ada Lovelace", email: str = "ada@example.com") -> None:
        super().__init__(browser)
        self.hub, self.email = hub, email
        self.id = accounts.sign_up(hub, name=name, email=email, password=PASSWORD, timezone=ZONE)
        self.opens("/login")
        answer = self.sends("/login", email=email, password=PASSWORD, next="/settings/integrations")
        assert answer.status_code == 200, answer.status_code
        with hub.store.read() as session:
            self.handle = session.scalars(select(HostRow.handle).where(HostRow.id == self.id)).one()

    def connects(self, provider: str, *, user: str = "ada@example.com", decision: str = "allow") -> str:
        """Connect a provider by way of the vendor's own pages; returns the page the host ends on."""
        self.opens("/settings/integrations")
        answer = self.sends(f"/integrations/{provider}/connect", follow=False)
        assert answer.status_code == 302, answer.status_code
        back = consent(answer.location, user=user, decision=decision)
        return self.opens(urlsplit(back)._replace(scheme="", netloc="").geturl())

    def offers(self, *providers: str, minutes: int = 30, title: str = "Intro call", **inputs: str) -> EventType:
        """Have an event type with these locations; `inputs` are the host's, made up where they are not given."""
        slug = title.lower().replace(" ", "-")
        now = self.hub.clock()
        made = EventType(host_id=self.id, title=title, slug=slug, minutes=minutes, notice=0, created_at=now)
        for position, key in enumerate(providers):
            provider = self.hub.registry.get(key)
            told = {**(samples.inputs(provider.facts.host_fields)[0] if provider else {}), **inputs}
            made.locations.append(LocationRow(position=position, provider=key, inputs=told, show_before=True))
        with self.hub.store.write() as session:
            session.add(made)
            session.flush()
            return session.scalars(select(EventType).where(EventType.id == made.id)).one()


class Invitee(Person):
    """Somebody who books; `manage` is the address of the newest booking's page."""

    def __init__(self, browser: Client, name: str = "Bob Invitee", email: str = "bob@example.net") -> None:
        super().__init__(browser)
        self.name, self.email, self.manage = name, email, ""

    def books(self, host: Host, event_type: EventType, *, location: str, time: int = -1, **answers: str) -> str:
        """Book a time at the provider's location, the last of the first free day or the one counted; returns the manage page."""
        path = f"/{host.handle}/{event_type.slug}"
        row = next(row for row in event_type.locations if row.provider == location)
        slot = self._slots(path)[time]
        page = self.opens(f"{path}?slot={slot}&tz=Europe/London")
        nonce = re.search(r'name="nonce" value="([^"]+)"', page)
        assert nonce, "the page has no form: is the time free?"
        form = {"nonce": nonce[1], "slot": slot, "location": str(row.id), "tz": "Europe/London", "notes": ""}
        asked = {f"loc{row.id}-{name}": value for name, value in answers.items()}
        answer = self.sends(path, follow=False, name=self.name, email=self.email, **form, **asked)
        assert answer.status_code == 303, answer.get_data(as_text=True)[-3000:]
        self.manage = answer.location
        return self.opens(self.manage)

    def moves(self, time: int = -1) -> str:
        """Move the booking to another free time; returns the manage page."""
        path = f"{self.manage}/reschedule"
        slot = self._slots(path)[time]
        self.opens(f"{path}?slot={slot}&tz=Europe/London")
        answer = self.sends(path, slot=slot, tz="Europe/London")
        assert answer.status_code == 200, answer.get_data(as_text=True)[-3000:]
        return self.opens(self.manage)

    def cancels(self, reason: str = "") -> str:
        """Cancel the booking; returns the manage page."""
        self.opens(f"{self.manage}/cancel")
        answer = self.sends(f"{self.manage}/cancel", reason=reason)
        assert answer.status_code == 200, answer.get_data(as_text=True)[-3000:]
        return self.opens(self.manage)

    def _slots(self, path: str) -> list[str]:
        """Return the free times that the page shows first, or of the first day that it leads to."""
        page = self.opens(f"{path}?tz=Europe/London")
        day = re.search(r"date=(\d{4}-\d\d-\d\d)", page)
        if day and "slot=" not in page:
            page = self.opens(f"{path}?tz=Europe/London&date={day[1]}")
        found = re.findall(r"slot=(\d{8}T\d{6}Z)", page)
        assert found, "no time is free"
        return list(dict.fromkeys(found))
