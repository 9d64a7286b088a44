"""Trials of an experiment: list, detail, measure again, export."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import F, FloatField, Func, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.api.bodies import ExportBody, TrialMeasureBody
from experiments.api.columns import metric_keys
from experiments.api.filters import TrialFilter
from experiments.api.idempotency import idempotent
from experiments.api.permissions import OwnerActs
from experiments.api.serializers import JobIdSerializer, TrialDetailSerializer, TrialSerializer
from experiments.models import Experiment, Trial
from experiments.selectors import experiments_for
from experiments.services import jobs
from hardware_profiles.models import Device
from search_engine.errors import ConfigError
from search_engine.metrics import METRICS


class Seconds(Func):
    """Length of an interval as a float."""

    template = "EXTRACT(EPOCH FROM (%(expressions)s))::double precision"
    output_field = FloatField()


class TrialViewSet(viewsets.GenericViewSet[Trial]):
    """Trials of one experiment, by number."""

    queryset = Trial.objects.none()
    serializer_class = TrialSerializer
    permission_classes = (IsAuthenticated, OwnerActs)
    filterset_class = TrialFilter
    lookup_field = "number"
    ordering = ("number",)

    def get_queryset(self) -> QuerySet[Trial]:
        """Those of an experiment that the user may see."""
        return Trial.objects.filter(experiment=self._experiment()).select_related(
            "run", "experiment"
        )

    def get_orderings(self) -> Mapping[str, str | Combinable]:
        """Columns, and every metric that trials of this experiment have."""
        keys = metric_keys(self._experiment()) if "pk" in self.kwargs else list(METRICS)
        return {
            "number": "number",
            "index": "index",
            "status": "status",
            "started_at": "started_at",
            "finished_at": "finished_at",
            "seconds": Seconds(F("finished_at") - F("started_at")),
        } | {key: _value_of(key) for key in keys}

    def list(self, request: Request, pk: UUID) -> Response:
        """List the trials, in the order they were proposed."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(TrialSerializer(page, many=True).data)

    @extend_schema(responses=TrialDetailSerializer)
    def retrieve(self, request: Request, pk: UUID, number: int) -> Response:
        """A trial with its network, curves, lineage and files."""
        return Response(TrialDetailSerializer(self.get_object()).data)

    @extend_schema(request=TrialMeasureBody, responses={202: JobIdSerializer})
    @idempotent
    def measure(self, request: Request, pk: UUID, number: int) -> Response:
        """Queue a measurement of the trial's network on a device."""
        trial = self.get_object()
        body = TrialMeasureBody.parse(request.data)
        device = _device(body.device, trial.experiment)
        job = jobs.request_measurement(owner=request.user, device=device, trial=trial)
        return Response({"job": job.pk}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=ExportBody, responses={202: JobIdSerializer})
    @idempotent
    def export(self, request: Request, pk: UUID, number: int) -> Response:
        """Queue an export of the trained network; the file is verified before it is offered."""
        trial = self.get_object()
        body = ExportBody.parse(request.data)
        job = jobs.request_export(
            owner=request.user, trial=trial, format=body.format, options=body.options
        )
        return Response({"job": job.pk}, status=status.HTTP_202_ACCEPTED)

    def _experiment(self) -> Experiment:
        if not hasattr(self, "_found"):
            visible = experiments_for(self.request.user)
            self._found = get_object_or_404(visible, pk=self.kwargs["pk"])
        return self._found


def _value_of(key: str) -> Combinable:
    return Cast(KeyTextTransform("value", KeyTransform(key, "metrics")), FloatField())


def _device(slug: str | None, experiment: Experiment) -> Device:
    """The device that was named, else the experiment's first one. ConfigError if there is none."""
    own = experiment.config["devices"]
    device = Device.objects.filter(slug=slug or next(iter(own), "")).first()
    if device is None:
        known = ", ".join(Device.objects.active().values_list("slug", flat=True)) or "none"
        got = f"No device named {slug!r}." if slug else "The experiment has no device: name one."
        raise ConfigError({"device": [f"{got} Known: {known}."]})
    return device
