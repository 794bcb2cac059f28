"""A bare application that shows the design system: templates and static files, and nothing else of the hub's."""

from pathlib import Path

import wtforms
from flask import Flask, Response, flash, render_template
from werkzeug.datastructures import MultiDict
from wtforms.fields.choices import SelectChoice as Pick

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "hub" / "static"
CSP = "default-src 'self'; object-src 'none'; base-uri 'none'"
PAGES = ("/", "/error/404", "/error/500")


class SampleForm(wtforms.Form):  # type: ignore[misc]  # wtforms has no types
    """One field of each kind that form_field knows."""

    handle = wtforms.StringField("Handle", [wtforms.validators.InputRequired("Choose a handle")], description="A word")
    mail = wtforms.EmailField("Mail", [wtforms.validators.Length(max=40)], render_kw={"autocomplete": "off"})
    buffer = wtforms.IntegerField("Buffer", [wtforms.validators.NumberRange(min=0, max=90)])
    about = wtforms.TextAreaField("About")
    length = wtforms.SelectField("Length", choices=[Pick("15", "15 minutes"), Pick("30", "30 minutes")])
    style = wtforms.RadioField("Style", choices=[Pick("a", "Short"), Pick("b", "Long")])
    weekdays = wtforms.SelectMultipleField("Weekdays", choices=[Pick("mo", "Monday"), Pick("tu", "Tuesday")])
    public = wtforms.BooleanField("Public")
    start = wtforms.DateField("Start")
    at = wtforms.TimeField("At")
    words = wtforms.PasswordField("Password")


def sample_form() -> SampleForm:
    sent = [("buffer", "120"), ("length", "30"), ("style", "b"), ("weekdays", "tu"), ("public", "y")]
    form = SampleForm(
        MultiDict([*sent, ("start", "2026-12-03"), ("at", "14:05"), ("words", "hunter2"), ("about", "<b>")])
    )
    form.validate()
    return form


def bare_app() -> Flask:
    """A bare application with nothing of the hub's but templates and static files."""
    app = Flask("bare", template_folder=str(ROOT / "templates"), static_folder=str(STATIC), static_url_path="/static")
    app.secret_key = "test"
    app.jinja_env.globals["csrf_token"] = lambda: "token-of-the-session"

    @app.after_request
    def policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        return response

    @app.get("/")
    def guide() -> str:
        flash("Availability saved.", "success")
        return render_template("styleguide.html", sample_form=sample_form())

    @app.get("/error/<int:code>")
    def error(code: int) -> str:
        return render_template("errors/error.html", code=code, request_id="4f2a", action=("To the start", "/"))

    return app
