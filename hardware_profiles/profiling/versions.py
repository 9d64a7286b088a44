"""Versions of fitted models: store one, choose the one that is used, go back to an older one."""

import json
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from hardware_profiles.models import Device, FittedModel, Profile
from search_engine.costs.calibrated import calibrated
from search_engine.costs.fitting import restored
from search_engine.costs.predictors.protocol import Predictor

METRIC = "latency_ms"
NO_LINE = (1.0, 0.0)


def current_model(device: Device, space: str, metric: str = METRIC) -> FittedModel | None:
    """The model that is used for a space on a device."""
    return device.models.filter(space=space, metric=metric, is_current=True).first()


def models_of(device: Device) -> QuerySet[FittedModel]:
    """All versions of all models, newest first; states are not loaded."""
    return device.models.defer("state").order_by("-created_at", "pk")


def predictor_of(model: FittedModel) -> Any:
    """The predictor of a stored model, on its line if it was recalibrated.

    Raises:
        PredictorError, UnknownKeyError: its state cannot be read here.
    """
    predictor, line = parts_of(model)
    return predictor if line == NO_LINE else calibrated(predictor, *line)


def parts_of(model: FittedModel) -> tuple[Predictor, tuple[float, float]]:
    """The predictor as it was fitted, and the slope and offset it was put on since."""
    state = json.loads(model.state)
    slope, offset = state["line"]
    return restored(model.kind, state["predictor"]), (slope, offset)


def state_of_predictor(predictor: Predictor, line: tuple[float, float] = NO_LINE) -> str:
    """What `predictor_of` reads, as JSON."""
    return json.dumps({"predictor": predictor.state_dict(), "line": line}, allow_nan=False)


@transaction.atomic
def store(profile: Profile, *, current: bool, **columns: Any) -> FittedModel:
    """Keep a model as the next version of its device and space; use it if it is to be current."""
    device = Device.objects.select_for_update().get(pk=profile.device_id)
    mine = device.models.filter(space=profile.space, metric=METRIC)
    newest = mine.aggregate(newest=Max("version"))["newest"] or 0
    if current:
        mine.filter(is_current=True).update(is_current=False)
    return FittedModel.objects.create(
        device=device,
        profile=profile,
        space=profile.space,
        space_checksum=profile.space_checksum,
        metric=METRIC,
        version=newest + 1,
        is_current=current,
        **columns,
    )


@transaction.atomic
def activate(model: FittedModel) -> FittedModel:
    """Use this version from now on; the others stay, so this is also how one goes back."""
    device = Device.objects.select_for_update().get(pk=model.device_id)
    mine = device.models.filter(space=model.space, metric=model.metric)
    mine.filter(is_current=True).exclude(pk=model.pk).update(is_current=False)
    mine.filter(pk=model.pk).update(is_current=True)
    model.is_current = True
    return model
