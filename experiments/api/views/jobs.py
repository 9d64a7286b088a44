"""Jobs and the files they made."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.api.bodies import NoBody
from experiments.api.filters import JobFilter
from experiments.api.permissions import OwnerActs
from experiments.api.serializers import JobSerializer
from experiments.api.views.device_models import ExtendProfileBody
from experiments.models import Artifact, Job
from experiments.selectors import artifacts_for, jobs_for
from experiments.services import jobs, profiles


class JobViewSet(viewsets.GenericViewSet[Job]):
    """Jobs that the user asked for, and those on experiments they may see."""

    queryset = Job.objects.none()
    serializer_class = JobSerializer
    permission_classes = (IsAuthenticated, OwnerActs)
    filterset_class = JobFilter
    ordering = ("-created_at", "pk")

    def get_queryset(self) -> QuerySet[Job]:
        """With everything a row shows."""
        related = ("owner", "device__agent", "trial__experiment", "profile")
        return jobs_for(self.request.user).select_related(*related).prefetch_related("artifacts")

    def list(self, request: Request) -> Response:
        """List jobs, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(JobSerializer(page, many=True).data)

    def retrieve(self, request: Request, pk: UUID) -> Response:
        """A job: how far it is, its result, its files."""
        return Response(JobSerializer(self.get_object()).data)

    @extend_schema(request=NoBody)
    def cancel(self, request: Request, pk: UUID) -> Response:
        """Cancel a job that has not ended."""
        job = self.get_object()
        NoBody.parse(request.data)
        jobs.cancel_job(job=job)
        return self._answer(job)

    @extend_schema(request=NoBody)
    def pause(self, request: Request, pk: UUID) -> Response:
        """Pause a profiling after the networks that are being measured."""
        job = self.get_object()
        NoBody.parse(request.data)
        return self._answer(profiles.pause_job(job=job))

    @extend_schema(request=NoBody)
    def resume(self, request: Request, pk: UUID) -> Response:
        """Go on with a paused profiling where it stood."""
        job = self.get_object()
        NoBody.parse(request.data)
        return self._answer(profiles.resume_job(job=job))

    @extend_schema(request=ExtendProfileBody)
    def extend(self, request: Request, pk: UUID) -> Response:
        """Add to the budget of a profiling; one that is done measures on and fits again."""
        job = self.get_object()
        body = ExtendProfileBody.parse(request.data)
        return self._answer(profiles.extend_job(job=job, **body.model_dump()))

    def _answer(self, job: Job) -> Response:
        return Response(JobSerializer(self.get_queryset().get(pk=job.pk)).data)


class ArtifactViewSet(viewsets.GenericViewSet[Artifact]):
    """Files."""

    queryset = Artifact.objects.none()

    def get_queryset(self) -> QuerySet[Artifact]:
        """Of jobs the user may see."""
        return artifacts_for(self.request.user)

    @extend_schema(
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="You have it: `If-None-Match` names its SHA-256."),
        }
    )
    def download(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The file. Its ETag is its SHA-256."""
        artifact: Any = self.get_object()
        etag = quote_etag(artifact.sha256)
        if unchanged := get_conditional_response(request, etag, None, None):
            return unchanged
        return _file(artifact, etag)


def _file(artifact: Artifact, etag: str) -> HttpResponse | FileResponse:
    try:
        content = artifact.file.open("rb")
    except OSError:
        raise NotFound(
            f"The file {artifact.name} is gone from the server's disk; export it again."
        ) from None
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    return FileResponse(
        content,
        as_attachment=True,
        filename=artifact.name,
        content_type="application/octet-stream",
        headers=headers,
    )
