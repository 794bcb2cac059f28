"""Zoom's own descriptions as judge: every good answer and every webhook fits them. They are not part of the project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.sandbox.conftest import Start
from tests.sandbox.driver import SCOPES, Driver, Endpoint

FOLDER = os.environ.get("HUB_ZOOM_OPENAPI", "")

pytestmark = pytest.mark.skipif(not FOLDER, reason="HUB_ZOOM_OPENAPI does not name a folder with Zoom's OpenAPI files")


def load(name: str) -> dict[str, Any]:
    return dict(json.loads((Path(FOLDER) / name).read_text(encoding="utf-8")))


def check(schema: dict[str, Any], content: Any) -> None:
    """Validate, and refuse properties that Zoom does not describe at the top or in settings."""
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(content)
    _known(schema, content, "$")


def _known(schema: dict[str, Any], content: Any, where: str) -> None:
    properties: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        properties |= part.get("properties", {})
    if isinstance(content, dict) and properties:
        assert content.keys() - properties.keys() == set(), where
        for name, value in content.items():
            _known(properties[name], value, f"{where}.{name}")
    if isinstance(content, list) and "items" in schema:
        for value in content:
            _known(schema["items"], value, f"{where}[]")


@pytest.fixture
def schema() -> Any:
    """Return the schema of a good answer."""
    paths = load("zoom-operations.json")["paths"]

    def find(path: str, method: str, status: int) -> dict[str, Any]:
        return dict(paths[path][method]["responses"][str(status)]["content"]["application/json"]["schema"])

    return find


SETTINGS: dict[str, Any] = {
    "audio": "telephony",
    "alternative_hosts": "grace@example.com",
    "contact_name": "Ada",
    "contact_email": "ada@example.com",
    "registration_type": 1,
    "calendar_type": 1,
    "global_dial_in_countries": ["US"],
    "focus_mode": True,
}


@pytest.mark.parametrize("kind", [1, 2, 3, 8, 10])
def test_create_get_and_lists(wide: Driver, schema: Any, kind: int) -> None:
    """Meetings of every kind fit in the answers of create, get, list, upcoming and invitation."""
    token = wide.connect()["access_token"]
    made = wide.create(token, type=kind, settings=SETTINGS, agenda="ref: 1", timezone="Europe/Vienna")
    check(schema("/users/{userId}/meetings", "post", 201), made)
    for path, described in (
        (f"/meetings/{made['id']}", "/meetings/{meetingId}"),
        (f"/meetings/{made['id']}/invitation", "/meetings/{meetingId}/invitation"),
        ("/users/me/meetings", "/users/{userId}/meetings"),
        ("/users/me/meetings?page_number=1", "/users/{userId}/meetings"),
        ("/users/me/upcoming_meetings", "/users/{userId}/upcoming_meetings"),
    ):
        answer = wide.api(token, "GET", path)
        assert answer.status_code == 200
        check(schema(described, "get", 200), answer.json())


@pytest.mark.parametrize("email", ["ada@example.com", "grace@example.com"])
def test_users(zoom: Driver, schema: Any, email: str) -> None:
    """A user fits."""
    check(
        schema("/users/{userId}", "get", 200), zoom.api(zoom.connect(email)["access_token"], "GET", "/users/me").json()
    )


def test_good_statuses_and_scopes(wide: Driver) -> None:
    """The good status of each operation, its scope and its rate label are Zoom's."""
    from plugins.zoom.sandbox.routes import ROUTES

    facts = load("facts.json")
    words = {"LIGHT": "Light", "MEDIUM": "Medium"}
    known = {route for route in ROUTES if route.scope}
    for name, fact in facts.items():
        method, path = name.split(" ", 1)
        concrete = "/v2" + path.replace("{userId}", "me").replace("{meetingId}", "1")
        (route,) = [route for route in known if route.matches(method, concrete)]
        known.remove(route)
        assert route.scope in fact["granular_scopes"]
        assert route.label == words[fact["rate_limit_label"]]
    assert not known


def test_webhooks(start: Start) -> None:
    """Every meeting event fits Zoom's description, required keys included."""
    with Endpoint() as endpoint:
        zoom = start(scopes=list(SCOPES), webhook_url=endpoint.url)
        token = zoom.connect()["access_token"]
        for kind in (2, 3):
            meeting = zoom.create(token, type=kind)["id"]
            changes = {"duration": 15, "password": "abc", "settings": {"waiting_room": False, "join_before_host": True}}
            zoom.api(token, "PATCH", f"/meetings/{meeting}", json=changes)
            for action in ("start", "end", "delete", "recover", "purge"):
                zoom.sim("POST", f"/meetings/{meeting}/{action}")
        assert zoom.sim("POST", "/webhooks/settle")["settled"]
        events = endpoint.events()
    described = load("zoom-meeting-webhooks.json")["webhooks"]
    assert {event["event"] for event in events} == set(described)
    for event in events:
        schema = described[event["event"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        # References inside the schemas start at "paths", though the file calls its paths webhooks.
        check(schema | {"paths": described}, event)
