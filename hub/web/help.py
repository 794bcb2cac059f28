"""Help: what each provider's own README says, for hosts and for whoever reviews the hub for a vendor."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from hub.web.markdown import parts
from hub.web.shell import the_hub

blueprint = Blueprint("help", __name__, url_prefix="/help")


@blueprint.get("")
def index() -> str:
    """List the providers; nobody has to sign in, as a vendor's reviewers can't."""
    return render_template("help/index.html", providers=[p for p in the_hub().registry.all() if p.readme])


@blueprint.get("/<key>")
def show(key: str) -> str:
    """Show one provider's README."""
    provider = the_hub().registry.get(key)
    if provider is None or not provider.readme:
        abort(404)
    return render_template("help/show.html", provider=provider, parts=parts(provider.readme))
