"""What a shop's page loads: the script behind window.Stripe and the card element's frame."""

from __future__ import annotations

from importlib.resources import files
from importlib.util import find_spec

from flask import Blueprint, Response, abort, current_app, render_template, send_from_directory
from flask.typing import ResponseReturnValue

browser = Blueprint("browser", __name__, url_prefix="/v3")

FONT_FILE = "Archivo[wdth,wght].ttf"


@browser.get("/")
def script() -> ResponseReturnValue:
    response = _static("stripe.js")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@browser.get("/element")
def element() -> ResponseReturnValue:
    return render_template("element.html")


@browser.get("/static/<path:name>")
def static_file(name: str) -> ResponseReturnValue:
    return _static(name)


@browser.get("/archivo.ttf")
def font() -> ResponseReturnValue:
    """The house's font where its wheel is installed; the style sheet falls back to Arial where not."""
    if find_spec("fontpkg_archivo") is None:
        abort(404)
    content = files("fontpkg_archivo").joinpath("files", FONT_FILE).read_bytes()
    return Response(content, mimetype="font/ttf", headers={"Cache-Control": "max-age=86400"})


def _static(name: str) -> Response:
    folder = current_app.static_folder
    if folder is None:
        abort(404)
    response = send_from_directory(folder, name)
    response.headers["Cache-Control"] = "no-cache"
    return response
