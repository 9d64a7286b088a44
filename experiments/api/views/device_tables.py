"""Imported tables of devices: as CSV, tried without being written, imported, rolled back."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import Field
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.generics import get_object_or_404
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.api.bodies import NoBody
from experiments.api.parsers import BodyTooLarge
from experiments.space_store import find_space
from hardware_profiles.api.permissions import StaffWrites
from hardware_profiles.models import Device, DeviceTable
from hardware_profiles.tables import store
from hardware_profiles.tables.content import METRIC_UNITS
from hardware_profiles.tables.csv_rows import MAX_BYTES
from search_engine.config import Config
from search_engine.errors import SearchEngineError
from search_engine.protocols import SearchSpace

METRICS = tuple(METRIC_UNITS)


class CsvParser(BaseParser):
    """The body is the file."""

    media_type = "text/csv"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> bytes:
        """Bytes. BodyTooLarge: 413."""
        raw: bytes = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise BodyTooLarge(MAX_BYTES)
        return raw


class ImportQuery(Config):
    """How a file is read; query parameters, so text is read as what it means."""

    dry_run: bool = False
    search_space: str = Field("", max_length=100)
    source: str = Field("", max_length=store.MAX_SOURCE)


class ImportedTableSerializer(serializers.Serializer):
    """One import of numbers: a version of a device's table."""

    id = serializers.UUIDField()
    layout = serializers.ChoiceField(choices=DeviceTable.Layout.choices)
    search_space = serializers.CharField(allow_blank=True)
    metric = serializers.CharField()
    unit = serializers.CharField()
    version = serializers.IntegerField(help_text="Counts per device and metric.")
    is_current = serializers.BooleanField(help_text="The one that is looked up.")
    base = serializers.FloatField(help_text="Constant of every network, for tables of layers.")
    rows = serializers.IntegerField()
    flagged = serializers.IntegerField(help_text="Rows that are kept and never used.")
    notes = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField()
    imported_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, table: DeviceTable) -> dict[str, Any]:
        return super().to_representation(store.table_row(table))


class RejectedRowSerializer(serializers.Serializer):
    """A row that is not imported."""

    line = serializers.IntegerField(help_text="In the file, from 1.")
    reason = serializers.CharField()


class TableReportSerializer(serializers.Serializer):
    """What a file says, compared with what is current."""

    tables = serializers.ListField(
        child=serializers.DictField(),
        help_text="Per metric: `new`, `changed` (`changed_over_20_percent`), `unchanged`, "
        "`missing`, `flagged` counts, `changes` and `flagged_rows` with lines, `notes`.",
    )
    rejected = RejectedRowSerializer(many=True)
    rejected_count = serializers.IntegerField(help_text="Of which the first 200 are listed.")
    imported = ImportedTableSerializer(many=True, help_text="Empty for a dry run.")


class TableView(APIView):
    """The table that a device looks numbers up in."""

    permission_classes = (StaffWrites,)
    parser_classes = (CsvParser, MultiPartParser)

    @extend_schema(
        parameters=[OpenApiParameter("metric", enum=METRICS, description="All if not given.")],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """The current table as CSV, which imports to the same table."""
        device = get_object_or_404(Device, slug=slug)
        tables = store.current_tables(device)
        wanted = request.query_params.get("metric")
        chosen = [row for name, row in tables.items() if wanted in (None, "", name)]
        if not chosen:
            has = ", ".join(tables) or "none"
            raise NotFound(f"Device {slug} has no table of this metric; it has {has}.")
        text = store.export_csv(chosen, lambda key: _space(key, request.user))
        headers = {"Content-Disposition": f'attachment; filename="{slug}.csv"'}
        return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)

    @extend_schema(
        parameters=[
            OpenApiParameter("dry_run", bool, description="Only say what would change."),
            OpenApiParameter("search_space", description="Slug; that of the current table."),
            OpenApiParameter("source", description="Where the numbers come from."),
        ],
        request={
            "text/csv": OpenApiTypes.STR,
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
            },
        },
        responses=TableReportSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Import a CSV file as the new current table; with `dry_run`, see what it would change."""
        device = get_object_or_404(Device, slug=slug)
        known = {k: v for k, v in request.query_params.items() if k in ImportQuery.model_fields}
        query = ImportQuery.parse(known)
        raw, name = _file(request)
        space = _space_for(device, query.search_space, request.user)
        report = store.dry_run(device, raw, space)
        imported: list[DeviceTable] = []
        if not query.dry_run:
            imported, _ = store.import_csv(
                device=device, raw=raw, source=query.source or name, by=request.user, space=space
            )
        rows = ImportedTableSerializer(imported, many=True).data
        return Response(report | {"imported": rows})


class TableViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The imports of one device."""

    queryset = DeviceTable.objects.none()  # tells the schema which model it is
    serializer_class = ImportedTableSerializer
    permission_classes = (StaffWrites,)
    ordering = ("-created_at", "-pk")

    def get_queryset(self) -> QuerySet[DeviceTable]:
        device = get_object_or_404(Device, slug=self.kwargs["slug"])
        return device.tables.select_related("imported_by").defer("content")

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the imports of a device, newest first."""
        return super().list(request, *args, **kwargs)

    @extend_schema(request=NoBody, responses=ImportedTableSerializer)
    def activate(self, request: Request, slug: str, pk: UUID) -> Response:
        """Look numbers up in this import again instead of the current one of its metric."""
        NoBody.parse(request.data)
        table = store.activate(get_object_or_404(self.get_queryset(), pk=pk))
        return Response(ImportedTableSerializer(table).data)


def _file(request: Request) -> tuple[bytes, str]:
    """Content and name of what was sent. ParseError, BodyTooLarge."""
    if isinstance(request.data, bytes):
        return request.data, "CSV by REST"
    found = request.FILES.get("file")
    if found is None:
        raise ParseError("Send the CSV as the body (text/csv), or as the field 'file' of a form.")
    if found.size > MAX_BYTES:
        raise BodyTooLarge(MAX_BYTES)
    return found.read(), str(found.name)


def _space_for(device: Device, slug: str, user: AbstractBaseUser) -> SearchSpace | None:
    """The space that is named, else that of the current table; None for tables without one."""
    if slug:
        return find_space(slug, user).load()
    used = [table.space for table in store.current_tables(device).values() if table.space]
    return _space(used[0], user) if used else None


def _space(slug: str, user: AbstractBaseUser) -> SearchSpace | None:
    """A space by slug; None if it is somebody else's."""
    try:
        return find_space(slug, user).load()
    except SearchEngineError:
        return None
