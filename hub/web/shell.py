"""What every page is given: theme, banners, words for times, and providers' icons."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, current_app, g, get_flashed_messages, request
from flask_login import current_user
from markupsafe import Markup

from hub import words
from hub.provider import Provider
from hub.web.banners import SETTINGS, Banner, banners

if TYPE_CHECKING:
    from hub.container import Hub

THEMES = ("auto", "light", "dark")
NEUTRAL_ICON = Markup('<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"></svg>')


def the_hub() -> Hub:
    """Return the container of the running application."""
    return current_app.extensions["hub"]  # type: ignore[no-any-return]


def init_app(app: Flask, hub: Hub) -> None:
    """Install filters and the context of all templates."""
    app.jinja_env.filters.update(
        when=words.when, short_time=words.short, day=words.day, minutes=words.minutes, zone_label=words.zone_label
    )
    app.jinja_env.globals.update(
        provider_icon=lambda key: provider_icon(hub, key),
        location_label=lambda key: location_label(hub, key),
        permissions=permissions,
        answers_form=answers_form,
        notices=notices,
        toasts=toasts,
        host_banners=lambda: host_banners(hub),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_context)


def provider_icon(hub: Hub, key: str) -> Markup:
    """Return a provider's icon, which the registry has checked, as markup; a neutral one for an unknown key."""
    provider = hub.registry.get(key)
    return Markup(provider.icon_svg) if provider else NEUTRAL_ICON  # noqa: S704 - checked to hold no script


def location_label(hub: Hub, key: str) -> str:
    """Return the provider's own name, or its key where it is not installed."""
    return hub.registry.label(key)


def permissions(provider: Provider) -> list[tuple[str, str]]:
    """Return what the provider asks a host to allow, and what for."""
    return [(scope.label, scope.purpose) for scope in provider.oauth.scopes] if provider.oauth else []


def answers_form() -> bool:
    """Tell whether this page answers a form that was sent to an address where it can be opened, too."""
    return request.method == "POST" and bool(current_app.url_map.bind("").test(request.path, "GET"))


def beside(tone: str, key: str) -> str:
    """Return the category for `flash` of a sentence that is to stand on the provider's card, and not to pass."""
    return f"{tone}@{key}"


def notices(key: str) -> list[tuple[str, str]]:
    """Return (tone, text) of what is to be said on this provider's card."""
    g.setdefault("beside", set()).add(key)
    return [(tone, text) for tone, whose, text in _said() if whose == key]


def toasts() -> list[tuple[str, str]]:
    """Return (tone, text) of all other messages; also of a card's where the page has no such card."""
    return [(tone, text) for tone, whose, text in _said() if whose not in g.get("beside", set())]


def _said() -> list[tuple[str, str, str]]:
    said = cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))
    return [(category.partition("@")[0], category.partition("@")[2], text) for category, text in said]


def host_banners(hub: Hub) -> list[Banner]:
    """Return what needs the signed-in host's hand; nothing on the settings page, whose cards say it themselves."""
    if not current_user.is_authenticated or request.path == SETTINGS:
        return []
    return banners(hub, current_user.host)


def theme() -> str:
    """Return the visitor's theme: auto, light or dark."""
    chosen = request.cookies.get("theme", "auto")
    return chosen if chosen in THEMES else "auto"


def _context() -> dict[str, Any]:
    context: dict[str, Any] = {"theme": theme(), "support_email": the_hub().settings.support_email}
    if current_user and current_user.is_authenticated:
        context["host"] = current_user.host
        if not current_user.host.active:
            context["banners"] = [(_inactive(context["support_email"]), "warn", None, None)]
    return context


def _inactive(support: str) -> str:
    whom = f"Contact support: {support}." if support else "Ask the operator of this hub."
    return f"Your account is not active. It takes no new bookings, and nothing can be connected. Bookings that exist stay. {whom}"


def local(moment: datetime, zone: str) -> datetime:
    """Return the moment on the clocks of the zone."""
    return moment.astimezone(words.zone(zone))
