"""Search spaces: read, draw from, decode."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.api.bodies import DecodeBody, SampleBody
from experiments.api.serializers import GenesField, NumbersField, ObjectField
from experiments.spaces import architecture, draw, space_detail, space_for, space_row
from search_engine.spaces import SPACES


class SpaceSerializer(serializers.Serializer):
    """A search space."""

    slug = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField()
    summary = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)
    needs = serializers.ListField(child=serializers.CharField())
    version = serializers.IntegerField()
    checksum = serializers.CharField()
    size = serializers.CharField(help_text="Decimal; it can exceed 2^53.")
    n_variables = serializers.IntegerField()
    input_shape = GenesField()
    classes = serializers.IntegerField()


class VariableSerializer(serializers.Serializer):
    """A decision with finitely many choices."""

    name = serializers.CharField()
    choices = serializers.ListField(child=serializers.JSONField())
    active_if = ObjectField(
        help_text="It matters only if these variables have one of these values."
    )


class SpaceDetailSerializer(SpaceSerializer):
    """A search space with its variables and its document."""

    variables = VariableSerializer(many=True)
    document = ObjectField()


class ArchitectureSerializer(serializers.Serializer):
    """One architecture of a search space."""

    genes = GenesField(help_text="Canonical: inactive variables are 0.")
    hash = serializers.CharField(help_text="Equal for equal networks.")
    choices = ObjectField()
    network = ObjectField(help_text="Inputs, nodes in topological order, blocks.")
    costs = NumbersField(help_text="What follows from the network alone; origin `analytic`.")


class SpaceViewSet(viewsets.GenericViewSet[Any]):
    """Search spaces by slug."""

    serializer_class = SpaceSerializer

    def list(self, request: Request) -> Response:
        """List the search spaces."""
        rows = self.paginate_queryset([space_row(entry.key) for entry in SPACES])
        return self.get_paginated_response(rows)

    @extend_schema(responses=SpaceDetailSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """A search space with its variables and its document."""
        return Response(space_detail(_known(slug)))

    @extend_schema(request=SampleBody, responses={200: ArchitectureSerializer(many=True)})
    def sample(self, request: Request, slug: str) -> Response:
        """Draw architectures, uniformly. The same seed draws the same ones."""
        body = SampleBody.parse(request.data)
        return Response(draw(space_for(_known(slug), body.dataset), body.n, body.seed))

    @extend_schema(request=DecodeBody, responses={200: ArchitectureSerializer})
    def decode(self, request: Request, slug: str) -> Response:
        """Build the network of genes or of choices."""
        body = DecodeBody.parse(request.data)
        space = space_for(_known(slug), body.dataset)
        genes = body.genes if body.genes is not None else space.encode(body.choices or {})
        return Response(architecture(space, genes))


def _known(slug: str) -> str:
    if slug not in SPACES:
        raise NotFound(f"No search space named {slug!r:.80}. Known: {', '.join(SPACES.keys())}.")
    return slug
