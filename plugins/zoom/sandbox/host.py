"""The host's and the operator's pages of the sandbox, under /_sim/ui."""

from __future__ import annotations

from flask import Blueprint, redirect
from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("host", __name__)


@blueprint.get("/")
def index() -> BaseResponse:
    """Lead to the meetings."""
    return redirect("/_sim/state")
