"""Component bundles and plotly.js: without cookies, compressed once, cached for ever."""

import gzip
import os
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from dash.fingerprint import build_fingerprint, check_fingerprint
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from experiments.dash_pages.host import PREFIX

SERVED = {
    "dash": ("deps/*.min.js", "dcc/*.js", "html/*.min.js", "dash-renderer/build/*.min.js"),
    "plotly": ("package_data/plotly.min.js",),
}
YEAR = 31_536_000  # seconds


@require_safe
def bundle(request: HttpRequest, package: str, path: str) -> HttpResponse:
    """A JavaScript file of an installed package; its address changes with its version."""
    name, has_version = check_fingerprint(path)
    source = _bundles().get((package, name))
    if source is None:
        raise Http404(f"{package} has no bundle {name!r:.80}.")
    response = HttpResponse(content_type="text/javascript; charset=utf-8")
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response.content = _compressed(package, name, source).read_bytes()
        response["Content-Encoding"] = "gzip"
    else:
        response.content = source.read_bytes()
    response["Vary"] = "Accept-Encoding"
    kept = f"public, max-age={YEAR}, immutable" if has_version else "public, max-age=300"
    response["Cache-Control"] = kept
    return response


def plotly_url() -> str:
    """Address of plotly.js; the page loads it before Dash would, and for ever."""
    name = "package_data/plotly.min.js"
    stamp = int(_bundles()["plotly", name].stat().st_mtime)
    fingerprinted = build_fingerprint(name, version("plotly"), stamp)
    return f"{PREFIX}_dash-component-suites/plotly/{fingerprinted}"


@cache
def _bundles() -> dict[tuple[str, str], Path]:
    """The only files that are served, by package and path in it."""
    found = {}
    for package, patterns in SERVED.items():
        folder = Path(str(files(package)))
        for pattern in patterns:
            for path in folder.glob(pattern):
                found[package, path.relative_to(folder).as_posix()] = path
    return found


def _compressed(package: str, name: str, source: Path) -> Path:
    """The file compressed, made on first use and kept in the data folder."""
    stamp = f"{version(package)}-{source.stat().st_mtime_ns}"
    folder = Path(settings.NASWEB_VAR) / "cache" / "bundles"
    target = folder / f"{package}-{stamp}-{name.replace('/', '_')}.gz"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(gzip.compress(source.read_bytes(), compresslevel=9, mtime=0))
        Path(unfinished).replace(target)
    return target
