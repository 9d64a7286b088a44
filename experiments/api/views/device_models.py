"""Profiling of devices and what it gives: runs, fitted models, predictions, evaluation."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import Field, StrictInt, StrictStr
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.api.bodies import MAX_GENES, Gene, NoBody, Slug, Version
from experiments.api.idempotency import idempotent
from experiments.services import profiles
from experiments.space_store import find_space
from hardware_profiles import predicting, profiling
from hardware_profiles.api.model_serializers import (
    EvaluationSerializer,
    ModelSerializer,
    PredictionsSerializer,
    ProfileSerializer,
)
from hardware_profiles.api.permissions import StaffWrites
from hardware_profiles.models import Device, FittedModel, Profile
from hardware_profiles.profiling import Budget
from search_engine.config import Config

MOST_ROWS = 10_000
_SPACE = OpenApiParameter("space", description="Slug of a search space.")


class ProfileBody(Config):
    """Profile this device for a search space."""

    search_space: Slug = Field(description="Slug of a search space.")
    search_space_version: Version | None = Field(None, description="Its newest if not given.")
    budget: Budget = Field(default_factory=Budget)


class PredictBody(Config):
    """Architectures whose cost is asked for."""

    search_space: Slug = Field(description="Slug of a search space.")
    search_space_version: Version | None = Field(None, description="Its newest if not given.")
    genes: tuple[tuple[Gene, ...], ...] = Field(
        min_length=1, max_length=MOST_ROWS, description=f"At most {MAX_GENES} genes each."
    )
    metrics: tuple[StrictStr, ...] = Field(
        ("latency_ms",), min_length=1, max_length=3, description=", ".join(predicting.METRICS)
    )


class ExtendProfileBody(Config):
    """More budget for a profiling."""

    networks: StrictInt = Field(0, ge=0, le=5000, description="Further networks to fit on.")
    seconds: StrictInt = Field(0, ge=0, le=24 * 3600, description="Further seconds.")


class ProfileJobSerializer(serializers.Serializer):
    """The job that was queued."""

    job = serializers.UUIDField(help_text="Ask at `jobs/<id>/` how it goes.")
    profile = serializers.UUIDField()


class ProfileView(APIView):
    """Profiling of a device; it occupies what all share, so staff starts it."""

    permission_classes = (StaffWrites,)

    @extend_schema(request=ProfileBody, responses={202: ProfileJobSerializer})
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Measure networks of a space, fit models, judge them on networks kept apart."""
        device = get_object_or_404(Device, slug=slug)
        body = ProfileBody.parse(request.data)
        job = profiles.request_profile(
            owner=request.user,
            device=device,
            space=body.search_space,
            version=body.search_space_version,
            budget=body.budget,
        )
        answer = {"job": job.pk, "profile": job.profile_id}
        return Response(answer, status=status.HTTP_202_ACCEPTED)


class ProfileViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Profiling runs of one device."""

    queryset = Profile.objects.none()
    serializer_class = ProfileSerializer
    permission_classes = (StaffWrites,)
    filterset_fields = ()
    ordering = ("-created_at", "pk")

    def get_queryset(self) -> QuerySet[Profile]:
        device = get_object_or_404(Device, slug=self.kwargs["slug"])
        rows = device.profiles.defer("space_document").select_related("requested_by")
        return rows.prefetch_related("jobs").order_by(*self.ordering)

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the profiling runs of a device, newest first, with progress and report."""
        return super().list(request, *args, **kwargs)


class ModelViewSet(viewsets.GenericViewSet):
    """Versions of the models that were fitted to one device."""

    queryset = FittedModel.objects.none()
    serializer_class = ModelSerializer
    permission_classes = (StaffWrites,)
    ordering = ("-created_at", "pk")

    def get_queryset(self) -> QuerySet[FittedModel]:
        device = get_object_or_404(Device, slug=self.kwargs["slug"])
        return profiling.models_of(device).defer("state", "pairs")

    @extend_schema(parameters=[_SPACE])
    def list(self, request: Request, slug: str) -> Response:
        """List all versions, newest first, with their errors on networks kept apart."""
        rows = self.get_queryset()
        if space := request.query_params.get("space"):
            rows = rows.filter(space=space)
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ModelSerializer(page, many=True).data)

    @extend_schema(request=NoBody, responses=ModelSerializer)
    def activate(self, request: Request, slug: str, pk: UUID) -> Response:
        """Use this version from now on, also an older one; staff only."""
        model = get_object_or_404(self.get_queryset(), pk=pk)
        NoBody.parse(request.data)
        return Response(ModelSerializer(profiling.activate(model)).data)


class PredictView(APIView):
    """Costs of architectures without measuring them, for anybody who is signed in."""

    @extend_schema(request=PredictBody, responses=PredictionsSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Predict latency (and energy, memory) of up to 10,000 architectures."""
        device = get_object_or_404(Device, slug=slug)
        body = PredictBody.parse(request.data)
        found = find_space(body.search_space, request.user, body.search_space_version)
        metrics = tuple(dict.fromkeys(body.metrics))
        answers = predicting.predict(device, body.search_space, found.load(), body.genes, metrics)
        rows = [
            {"genes": genes} | {answer.metric: answer.number(row) for answer in answers}
            for row, genes in enumerate(body.genes)
        ]
        facts = [row for row in profiling.predictor_rows(device) if row["space"] == found.slug]
        return Response({"predictor": next(iter(facts), None), "results": rows})


class EvaluationView(APIView):
    """How right the model of a device is."""

    permission_classes = (StaffWrites,)

    @extend_schema(
        parameters=[
            _SPACE,
            OpenApiParameter("model", description="Id; the one in use if not given."),
        ],
        responses=EvaluationSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Predicted against measured, for networks that were never fitted on."""
        device = get_object_or_404(Device, slug=slug)
        rows = device.models.defer("state").order_by("-created_at")
        if space := request.query_params.get("space"):
            rows = rows.filter(space=space)
        wanted = request.query_params.get("model")
        if wanted:
            model = rows.filter(pk=wanted).first() if _is_id(wanted) else None
        else:
            model = rows.filter(is_current=True).first()
        if model is None:
            raise NotFound(f"Device {slug} has no such model; profile it for the search space.")
        return Response(EvaluationSerializer(model).data)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
