"""Whether a plugin may take part: the version of the hooks it was written for, its facts, and the files beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from typing import Any, get_args

from hub.facts import Field, FieldKind, LocationProvider, OAuth2, Scope, Setting
from hub.texts import is_line, web_link
from hub.values import Account, Card

API, OLDEST_API = (
    1,
    1,
)  # versions of the hooks that this hub has; a plugin says with HUB_API which one it was written for
KINDS = get_args(FieldKind)
LARGEST_ICON = 20_000
LONGEST_LABEL = 300
MOST_FIELDS = 30
RESERVED = {"client_id", "client_secret", "oauth_url", "api_url"}  # settings that every provider with OAuth has
LARGEST_README = 100_000
LONGEST_REASON = 300


def check_version(plugin: Any) -> None:
    """Raise ValueError where the plugin was written for hooks that this hub does not have yet, or no longer has."""
    wanted = getattr(plugin, "HUB_API", API)
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise ValueError("its HUB_API, the version of the hooks that it was written for, is no whole number")
    if wanted > API:
        raise ValueError(f"it needs version {wanted} of the hooks, and this hub has version {API}: update the hub")
    if wanted < OLDEST_API:
        raise ValueError(
            f"it was written for version {wanted} of the hooks, and this hub has {OLDEST_API} to {API}: update the plugin"
        )


def reason_of(fault: BaseException) -> str:
    """Return in one short line why a plugin failed; it may say anything, of any length."""
    try:
        said = " ".join(str(fault).split())
    except BaseException:  # an error of a plugin's own making may break even here
        said = ""
    return said[:LONGEST_REASON] or type(fault).__name__


def import_reason(fault: BaseException) -> str:
    """Return why a plugin could not be imported."""
    text = f"it can't be imported ({type(fault).__name__}: {reason_of(fault)})"
    if isinstance(fault, ImportError) and fault.name == "hub":
        text += "; it asks this hub for a name that it does not have: update the hub, or the plugin"
    return text


def check_fields(fields: Sequence[Any]) -> None:
    """Raise ValueError where a page could not show these fields."""
    if len(fields) > MOST_FIELDS or not all(isinstance(f, Field) and f.kind in KINDS for f in fields):
        raise ValueError("a field is no Field or has a kind that does not exist, or there are too many")
    for f in fields:
        choices = f.choices if f.kind == "choice" else ()
        texts = (f.name, f.label, f.help, *(text for choice in choices for text in (choice.value, choice.label)))
        if not all(is_line(text) for text in texts) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,40}", f.name):
            raise ValueError("a field's name or text can't be shown")
        if f.kind == "choice" and not choices:
            raise ValueError("a field is a choice without choices")
    if len({f.name for f in fields}) != len(fields):
        raise ValueError("it has a field of one name twice")


def check_account(account: Account) -> None:
    """Raise ValueError where pages could not show this account."""
    texts = (account.external_id, account.label, account.warning, *account.notes.keys(), *account.notes.values())
    if not all(is_line(text) for text in texts) or not account.external_id or len(account.label) > LONGEST_LABEL:
        raise ValueError("a text of the account is missing, too long, or more than one line")
    if account.max_minutes is not None and type(account.max_minutes) is not int:
        raise ValueError("max_minutes is no whole number")


def check_card(card: Card, changed: Card) -> None:
    """Raise ValueError where a plugin made another card of the core's than one with its own notes."""
    if (changed.key, changed.label, changed.readiness) != (card.key, card.label, card.readiness):
        raise ValueError("it changed what is not its own on the card")
    if len(changed.notes) > MOST_FIELDS or not all(
        is_line(text) for text in (changed.blurb, changed.text, *changed.notes)
    ):
        raise ValueError("a text of its card can't be shown")


def check_facts(facts: Any, plugin: Any) -> list[str]:
    """Return icon, README and manifests of a provider whose facts hold. Raises ValueError that says what does not."""
    if not isinstance(facts, LocationProvider):
        raise ValueError("location_provider() did not return a LocationProvider")
    if not re.fullmatch(r"[a-z][a-z0-9]{1,30}", facts.key):
        raise ValueError("its key must be lower-case letters and digits")
    if not all(is_line(text) for text in (facts.label, facts.group, facts.blurb, facts.for_invitees)):
        raise ValueError("its texts are too long, more than one line, or no texts")
    if (
        not (facts.label.strip() and facts.group.strip())
        or len(facts.label) > 60
        or max(len(facts.blurb), len(facts.for_invitees)) > 300
    ):
        raise ValueError("its label or group is empty, or its texts are too long")
    check_fields(facts.host_fields)
    _check_settings(facts.settings)
    if facts.oauth is not None:
        _check_oauth(facts.oauth)
    return _files(facts, plugin)


def _check_settings(settings: Sequence[Any]) -> None:
    for setting in settings:
        if not isinstance(setting, Setting) or not all(is_line(t) for t in (setting.help, setting.default)):
            raise ValueError("a setting is no Setting, or its texts are no short lines")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", setting.name) or setting.name in RESERVED:
            raise ValueError(f"a setting can't be called {setting.name!r:.50}")
    if len({setting.name for setting in settings}) != len(settings):
        raise ValueError("two settings have one name")


def _check_oauth(oauth: Any) -> None:
    if not isinstance(oauth, OAuth2):
        raise ValueError("its oauth is no OAuth2")
    if not all(is_line(url) and web_link(url) for url in (oauth.base_url, oauth.api_url)):
        raise ValueError("a base address of its oauth is no https link")
    if not oauth.authorize_path.startswith("/") and not web_link(oauth.authorize_path):
        raise ValueError("its authorize_path is neither a path nor an https link")
    if not oauth.token_path.startswith("/") or oauth.revoke_path[:1] not in ("", "/"):
        raise ValueError("its token_path or revoke_path is no path")
    for scope in (*oauth.scopes, *oauth.optional_scopes):
        if not isinstance(scope, Scope) or not all(is_line(t) for t in (scope.name, scope.label, scope.purpose)):
            raise ValueError("a scope is no Scope, or its texts are no short lines")
    if oauth.read_error is not None and not callable(oauth.read_error):
        raise ValueError("its read_error can't be called")
    if not all(is_line(text) for pair in oauth.authorize_query.items() for text in pair):
        raise ValueError("its authorize_query holds something else than texts")
    if oauth.token_auth not in ("basic", "post"):
        raise ValueError("its token_auth is neither basic nor post")


def _files(facts: LocationProvider, plugin: Any) -> list[str]:
    if "/" in facts.icon or not facts.icon.endswith(".svg") or any("/" in name for name in facts.manifests):
        raise ValueError("its icon must be an .svg file beside the plugin, and so must its manifests be")
    folder = resources.files(getattr(plugin, "__package__", "") or getattr(plugin, "__name__", ""))
    icon, *manifests = (folder.joinpath(name).read_text("utf-8") for name in (facts.icon, *facts.manifests))
    if len(icon) > LARGEST_ICON:
        raise ValueError(f"its icon is too large: more than {LARGEST_ICON} characters")
    if re.search(r"<script|\son\w+\s*=|javascript:|<foreignObject|href\s*=\s*[\"']?(?!#)", icon, re.I):
        raise ValueError("its icon holds script or links")
    readme = folder.joinpath("README.md")
    text = readme.read_bytes()[:LARGEST_README].decode("utf-8", "replace") if readme.is_file() else ""
    return [icon, text, *manifests]
