"""Data sets: what there is, and whether its files are here."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.api.pagination import CursorPages, page_of
from experiments.api.serializers import GenesField
from experiments.catalog import dataset_row
from search_engine.datasets import DATASETS


class SplitSerializer(serializers.Serializer):
    """A fixed part of the data; parts are disjoint."""

    name = serializers.ChoiceField(choices=("train", "val", "test"))
    size = serializers.IntegerField()
    purpose = serializers.CharField()


class DatasetSerializer(serializers.Serializer):
    """A data set."""

    slug = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)
    needs = serializers.ListField(child=serializers.CharField())
    available = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True, help_text="Why not, and what to do.")
    input_shape = GenesField(help_text="Channels, height, width.")
    classes = serializers.IntegerField()
    class_names = serializers.ListField(child=serializers.CharField())
    sizes = serializers.DictField(child=serializers.IntegerField())
    splits = SplitSerializer(many=True)
    checksum = serializers.CharField(help_text="SHA-256 of the raw data.")


class DatasetViewSet(viewsets.ViewSet):
    """Data sets by slug."""

    pagination_class = CursorPages

    @extend_schema(responses=DatasetSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the data sets."""
        return page_of([dataset_row(entry.key) for entry in DATASETS], request)

    @extend_schema(responses=DatasetSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """A data set: shapes, classes, sizes, splits, checksum, and whether its files are here."""
        if slug not in DATASETS:
            known = ", ".join(DATASETS.keys())
            raise NotFound(f"No data set named {slug!r:.80}. Known: {known}.")
        return Response(dataset_row(slug))
