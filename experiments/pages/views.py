"""HTML doors of the product: read with selectors, write with services, render a template."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe

from experiments.errors import StateConflict
from experiments.selectors import experiments_for
from experiments.services import lifecycle
from experiments.services.demo import start_demo


@login_required
@ensure_csrf_cookie
@require_safe
def experiments(request: HttpRequest) -> HttpResponse:
    """The list of everything the user may see."""
    return render(request, "experiments/list.html", {"rows": experiments_for(request.user)})


@login_required
@ensure_csrf_cookie
@require_safe
def create(request: HttpRequest) -> HttpResponse:
    """The create form; with `?from=<id>` it is filled in from that experiment."""
    return render(request, "experiments/create.html")


@login_required
@require_POST
def demo(request: HttpRequest) -> HttpResponse:
    """Start the demo search and show it."""
    return redirect("pages:live", start_demo(owner=request.user).pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete a finished experiment and go back to the list."""
    experiment = get_object_or_404(experiments_for(request.user), pk=pk)
    try:
        lifecycle.delete_experiment(experiment=experiment)
    except StateConflict as conflict:
        return render(request, "409.html", {"reason": str(conflict)}, status=409)
    return redirect("pages:experiments")
