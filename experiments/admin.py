"""What the product adds to the admin of devices: profiling and recalibrating by jobs."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from experiments.errors import StateConflict
from experiments.services.profiles import request_profile
from hardware_profiles.admin import DeviceAdmin
from hardware_profiles.models import Device
from hardware_profiles.profiling import Budget, predictor_rows
from hardware_profiles.profiling.budget import MOST_NETWORKS, MOST_SECONDS
from search_engine.errors import SearchEngineError
from search_engine.spaces import SPACES


class ProfileForm(forms.Form):
    """For which space, and for how long."""

    space = forms.ChoiceField(
        label="Search space", choices=lambda: [(entry.key, entry.label) for entry in SPACES]
    )
    seconds = forms.IntegerField(initial=300, min_value=1, max_value=MOST_SECONDS)
    networks = forms.IntegerField(initial=240, min_value=20, max_value=MOST_NETWORKS)


@admin.action(description="Profile for a search space ...", permissions=["change"])
def profile_devices(
    model_admin: DeviceAdmin, request: HttpRequest, devices: QuerySet[Device]
) -> TemplateResponse | None:
    """Asks for space and budget first, then queues a job per device."""
    form = ProfileForm(request.POST if "confirmed" in request.POST else None)
    if form.is_valid():
        data = form.cleaned_data
        budget = Budget(networks=data["networks"], seconds=data["seconds"])
        _request(model_admin, request, [(device, data["space"]) for device in devices], budget)
        return None
    context = {
        **admin.site.each_context(request),
        "title": "Profile devices",
        "opts": model_admin.opts,
        "devices": devices,
        "form": form,
    }
    return TemplateResponse(request, "admin/hardware_profiles/profile_devices.html", context)


@admin.action(description="Recalibrate the models in use", permissions=["change"])
def recalibrate(model_admin: DeviceAdmin, request: HttpRequest, devices: QuerySet[Device]) -> None:
    """Queues a job per model in use: two dozen networks are measured again."""
    pairs = [(device, row["space"]) for device in devices for row in predictor_rows(device)]
    if not pairs:
        text = "None of these devices has a model yet. Profile them first."
        model_admin.message_user(request, text, messages.WARNING)
    _request(model_admin, request, pairs, Budget(purpose="recalibrate"))


def _request(
    model_admin: DeviceAdmin,
    request: HttpRequest,
    pairs: Sequence[tuple[Device, str]],
    budget: Budget,
) -> None:
    for device, space in pairs:
        try:
            owner: Any = request.user
            job = request_profile(owner=owner, device=device, space=space, budget=budget)
        except (StateConflict, SearchEngineError) as error:
            model_admin.message_user(request, f"{device}: {error}", messages.ERROR)
        else:
            text = f"{device}: queued for {space}, job {job.pk}."
            model_admin.message_user(request, text, messages.SUCCESS)


DeviceAdmin.actions = (*DeviceAdmin.actions, profile_devices, recalibrate)
