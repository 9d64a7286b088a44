"""HTML doors of devices: the list, one device, new ones, imports, and two side by side."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from experiments.pages import device_compare, device_forms, device_list, device_page, device_runs
from hardware_profiles.models import Device


@login_required
@ensure_csrf_cookie
@require_safe
def devices(request: HttpRequest) -> HttpResponse:
    """Every device; `?kind=` and `?q=` narrow, `?part=1` answers with the table alone."""
    kind, text = request.GET.get("kind", ""), request.GET.get("q", "").strip()[:100]
    kind = kind if kind in device_list.KINDS else ""
    counts = device_list.kind_counts()
    context = {
        "rows": device_list.list_rows(kind, text),
        "kinds": counts,
        "kind": kind,
        "text": text,
        "total": sum(item["count"] for item in counts),
    }
    template = "devices/_table.html" if "part" in request.GET else "devices/list.html"
    return render(request, template, context)


@login_required
@ensure_csrf_cookie
@require_safe
def device(request: HttpRequest, slug: str) -> HttpResponse:
    """One device; `?space=` chooses among its models, `?rows=` and `?page=` its measurements."""
    found = _device(slug)
    context = device_page.context(found, request.user, request.GET)
    return render(request, "devices/device.html", context)


@login_required
@require_safe
def profiling(request: HttpRequest, slug: str) -> HttpResponse:
    """The panel of the profiling run alone, for a page that follows it."""
    found = _device(slug)
    context = {"device": found, "measures": True, **device_runs.run_panel(found, request.user)}
    return render(request, "devices/_profiling.html", context)


@login_required
@ensure_csrf_cookie
@require_safe
def new(request: HttpRequest) -> HttpResponse:
    """Forms for a device of each kind; staff only."""
    _staff(request)
    return render(request, "devices/new.html", device_forms.context(request))


@login_required
@ensure_csrf_cookie
@require_safe
def import_table(request: HttpRequest, slug: str) -> HttpResponse:
    """Bring a CSV table: look at what it would change, then confirm; staff only."""
    _staff(request)
    context = device_forms.import_context(_device(slug), request.user)
    return render(request, "devices/import.html", context)


@login_required
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two devices side by side: `?d=<slug>&d=<slug>`, and `?space=` where they share several."""
    context: dict[str, Any] = device_compare.context(
        request.GET.getlist("d"), request.GET.get("space", ""), request.user
    )
    return render(request, "devices/compare.html", context)


def _device(slug: str) -> Device:
    return get_object_or_404(Device.objects.select_related("agent"), slug=slug)


def _staff(request: HttpRequest) -> None:
    if not request.user.is_staff:
        raise PermissionDenied("Only staff manages devices: ask an admin.")
