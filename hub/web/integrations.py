"""Settings → Integrations: the cards, and connecting, pausing and disconnecting a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_required
from markupsafe import Markup
from werkzeug.wrappers import Response

from hub.connections import oauth, service
from hub.connections.readiness import standing
from hub.errors import HubError, MissingScopes, NotPossible, Rejected, Temporary
from hub.notify import connection_mail
from hub.provider import Provider
from hub.values import Readiness
from hub.web.banners import of_providers
from hub.web.cards import CardView, card_view
from hub.web.security import limiter
from hub.web.session import browser_secret, host_id, local_path
from hub.web.shell import beside, the_hub

blueprint = Blueprint("integrations", __name__)
SETTINGS_PATH = "/settings/integrations"
LONGEST_PATH = 200
LONGEST_SEARCH = 100
FEW = 12  # cards that can be taken in without a search


@dataclass(frozen=True)
class Group:
    """One section of the page. Where there are many providers, those without a connection are `others`: a line each."""

    cards: list[CardView] = field(default_factory=list)
    others: list[Provider] = field(default_factory=list)


@blueprint.get(SETTINGS_PATH)
@login_required  # type: ignore[untyped-decorator]
def integrations() -> str:
    """Show the cards by group, all or those that are searched for, and what is wrong with plugins that are left out."""
    hub = the_hub()
    everything = hub.registry.all()
    wanted = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    with hub.store.read() as session:
        known = standing(session, hub, current_user.host)
        hands = of_providers(session, hub, known)
        found = [provider for provider in everything if not wanted or _matches(provider, wanted)]
        found.sort(key=lambda provider: provider.key not in known.connections)  # what is in use comes first
        groups: dict[str, Group] = {}
        for provider in found:
            group = groups.setdefault(provider.facts.group, Group())
            if len(found) <= FEW or provider.key in known.connections:
                missing = hands.pop(provider.key, None)
                group.cards.append(card_view(session, hub, known, provider, missing=missing))
            else:
                group.others.append(provider)
    return render_template(
        "integrations/index.html",
        groups=groups,
        broken=hub.registry.broken,
        wanted=wanted,
        searchable=len(everything) > FEW,
        preferable=[("", "No location"), *((p.key, p.facts.label) for p in everything)],
        preferred=known.host.default_provider,
        banners=list(hands.values()),
        lines=lambda title, providers: _lines(title, tuple(providers)),
    )


@lru_cache(maxsize=64)
def _lines(title: str, providers: tuple[Provider, ...]) -> Markup:
    """Return a line for each provider. Kept, since writing a hundred would take most of the page's time."""
    macros: Any = current_app.jinja_env.get_template("integrations/lines.html").module
    lines: Markup = macros.lines(title, providers)
    return lines


@blueprint.post("/integrations/<key>/connect")
@login_required  # type: ignore[untyped-decorator]
@limiter.limit("30/hour")
def connect(key: str) -> Response:
    """Send the browser to the vendor's consent page."""
    hub, provider = the_hub(), _oauth_provider(key)
    with hub.store.read() as session:
        readiness = standing(session, hub, current_user.host).readiness(key)
    if readiness in (Readiness.NOT_CONFIGURED, Readiness.NOT_ENABLED):
        abort(404)
    return_to = local_path(request.values.get("return_to", ""), SETTINGS_PATH)
    if len(return_to) > LONGEST_PATH:
        return_to = SETTINGS_PATH
    return redirect(oauth.begin(hub, provider, host_id=host_id(), browser=browser_secret(), return_to=return_to))


@blueprint.get("/integrations/<key>/callback")
@login_required  # type: ignore[untyped-decorator]
def callback(key: str) -> Response:
    """Finish what `connect` began; whatever happened, the host ends where they began, with one sentence."""
    hub, provider = the_hub(), _oauth_provider(key)
    label = provider.facts.label
    state, code = request.args.get("state", ""), request.args.get("code", "")
    return_to = SETTINGS_PATH
    try:
        if not current_user.host.active:
            raise NotPossible("Your account is not active, so nothing can be connected.")
        if not state:
            raise NotPossible(f"To connect {label}, please use the Connect button here.")
        verifier, return_to = oauth.take(hub, provider, state=state, host_id=host_id(), browser=browser_secret())
        if request.args.get("error"):
            raise NotPossible(f"{label} was not connected, because access was not allowed. You can try again any time.")
        if not code or len(code) > 2000:
            raise NotPossible(f"{label} sent no code. Please try again.")
        oauth.finish(hub, provider, host_id=host_id(), code=code, verifier=verifier)
    except HubError as fault:
        flash(_sentence(label, fault), beside("bad", key))
    else:
        flash(f"{label} is connected.", "ok")
    return redirect(f"{return_to}#{key}" if return_to == SETTINGS_PATH else return_to)


@blueprint.post("/integrations/<key>/enabled")
@login_required  # type: ignore[untyped-decorator]
def enabled(key: str) -> Response:
    """Pause or resume the making of meetings for new bookings."""
    provider = _oauth_provider(key)
    on = request.form.get("enabled") == "1"
    service.set_enabled(the_hub(), provider, host_id=host_id(), enabled=on)
    text = "is enabled for new bookings" if on else "is paused: new bookings get no meeting of it"
    flash(f"{provider.facts.label} {text}.", "ok")
    return redirect(f"{SETTINGS_PATH}#{key}")


@blueprint.route("/integrations/<key>/disconnect", methods=["GET", "POST"])
@login_required  # type: ignore[untyped-decorator]
def disconnect(key: str) -> str | Response:
    """Ask once, with numbers; then disconnect."""
    hub, provider = the_hub(), _oauth_provider(key)
    if request.method == "POST":
        service.disconnect(hub, provider, host_id=host_id())
        flash(f"{provider.facts.label} is disconnected. Existing meetings stay as they are.", "ok")
        return redirect(f"{SETTINGS_PATH}#{key}")
    with hub.store.read() as session:
        known = standing(session, hub, current_user.host)
        if known.readiness(key) not in (Readiness.READY, Readiness.PAUSED, Readiness.BROKEN):
            return redirect(url_for("integrations.integrations"))
        effects = service.effects(session, hub, host_id=host_id(), provider=key)
    return render_template("integrations/disconnect.html", provider=provider, effects=effects)


@blueprint.get("/integrations/<key>/earlier")
@login_required  # type: ignore[untyped-decorator]
def earlier(key: str) -> str | Response:
    """List the upcoming meetings that another account made than the one that is connected now."""
    hub, provider = the_hub(), _oauth_provider(key)
    with hub.store.read() as session:
        connection = standing(session, hub, current_user.host).connections.get(key)
        found = connection_mail.earlier(session, hub, connection) if connection else []
    if not found:
        return redirect(f"{SETTINGS_PATH}#{key}")
    return render_template("integrations/earlier.html", provider=provider, found=found)


def _matches(provider: Provider, wanted: str) -> bool:
    facts = provider.facts
    text = f"{facts.label} {facts.group} {facts.blurb}".lower()
    return all(word in text for word in wanted.lower().split())


def _oauth_provider(key: str) -> Provider:
    provider = the_hub().registry.get(key)
    if provider is None or provider.oauth is None:
        abort(404)
    return provider


def _sentence(label: str, fault: HubError) -> str:
    if isinstance(fault, MissingScopes):
        return f"{label} is not connected. {fault.message} Please connect again and allow all of them."
    if isinstance(fault, Rejected):
        return f"{label} did not accept the authorization ({fault.message}). Please connect again."
    if isinstance(fault, Temporary):
        return f"{label} could not be connected just now. {fault.message} Please try again in a few minutes."
    return fault.message
