"""Static files: read once, compressed once, served under a path that names their content.

`/static/<version>/js/seats.js` may be kept for a year. The version is part of the path, not of the query, so
that scripts importing each other and fonts named in a style sheet get it by themselves.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import brotli
from flask import Flask, Response, abort, request

from marquee.typography import font_dir
from services.web.pages import PUBLIC_PAGE, Pages

_HERE = Path(__file__).parent / "static"
_TEXT = {".css", ".js", ".svg", ".json", ".txt", ".webmanifest"}
# One sheet, in this order: what comes later may rely on what comes before.
_SHEETS = (
    *("tokens", "base", "masthead", "controls", "messages", "tickets", "programme", "film"),
    *("seats", "booking", "account", "manage", "door", "print", "forced"),
)
_YEAR = "public, max-age=31536000, immutable"

pages = Pages("assets", __name__)


@dataclass(frozen=True)
class Asset:
    body: bytes
    content_type: str
    encoded: dict[str, bytes]


class Assets:
    def __init__(self) -> None:
        self._files = _read_files() | {"marquee.css": _asset("marquee.css", _style_sheet())}
        digest = hashlib.sha256()
        for name in sorted(self._files):
            digest.update(name.encode() + self._files[name].body)
        self.version = digest.hexdigest()[:12]

    def find(self, name: str) -> Asset | None:
        return self._files.get(name)

    def url(self, name: str) -> str:
        if name not in self._files:
            raise KeyError(f"there is no static file {name}")
        return f"/static/{self.version}/{name}"

    def text(self, name: str) -> str:
        return self._files[name].body.decode()


def install(app: Flask) -> Assets:
    assets = Assets()
    app.extensions["marquee.assets"] = assets
    app.jinja_env.globals["asset"] = assets.url
    app.register_blueprint(pages)
    return assets


@pages.get("/static/<version>/<path:name>", access=PUBLIC_PAGE)
def static_file(version: str, name: str) -> Response:
    from flask import current_app

    assets: Assets = current_app.extensions["marquee.assets"]
    asset = assets.find(name)
    if asset is None:
        abort(404)
    # A page from before a deployment may still ask for its old version: it gets what there is, briefly.
    caching = _YEAR if version == assets.version else "public, max-age=60"
    response = Response(asset.body, content_type=asset.content_type, headers={"Cache-Control": caching})
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    for encoding in ("br", "gzip"):
        if encoding in asset.encoded and request.accept_encodings[encoding]:
            response.set_data(asset.encoded[encoding])
            response.headers["Content-Encoding"] = encoding
            break
    return response


@pages.get("/favicon.ico", access=PUBLIC_PAGE)
def favicon() -> Response:
    return static_file("latest", "favicon.svg")


def _read_files() -> dict[str, Asset]:
    files = {str(path.relative_to(_HERE)): path for path in _HERE.rglob("*") if path.is_file()}
    fonts = font_dir()
    files |= {f"fonts/{path.name}": path for path in fonts.iterdir() if path.suffix in {".woff2", ".txt"}}
    return {name: _asset(name, path.read_bytes()) for name, path in files.items()}


def _style_sheet() -> bytes:
    faces = (font_dir() / "fonts.css").read_text().replace('url("', 'url("fonts/')
    sheets = [(_HERE / "css" / f"{name}.css").read_text() for name in _SHEETS]
    return "\n".join([faces, *sheets]).encode()


def _asset(name: str, body: bytes) -> Asset:
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if Path(name).suffix not in _TEXT:
        return Asset(body, content_type, {})
    encoded = {"br": brotli.compress(body, quality=9), "gzip": gzip.compress(body, 9, mtime=0)}
    return Asset(body, f"{content_type}; charset=utf-8", encoded)
