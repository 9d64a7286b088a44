"""Search spaces: read, draw from, decode."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from experiments.api.bodies import DecodeBody, SampleBody, ValidateBody
from experiments.api.pagination import CursorPages, page_of
from experiments.api.serializers import GenesField, NumbersField, ObjectField
from experiments.spaces import (
    architecture,
    checked_document,
    draw,
    space_detail,
    space_for,
    space_row,
)
from search_engine.errors import ConfigError, SpaceError, UnknownKeyError
from search_engine.protocols import SearchSpace
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


class ValidSpaceSerializer(serializers.Serializer):
    """A document that was found valid."""

    valid = serializers.BooleanField()
    size = serializers.CharField(help_text="Decimal; it can exceed 2^53.")
    checksum = serializers.CharField()
    variables = VariableSerializer(many=True)


class ArchitectureSerializer(serializers.Serializer):
    """One architecture of a search space."""

    genes = GenesField(help_text="Canonical: inactive variables are 0.")
    hash = serializers.CharField(help_text="Equal for equal networks.")
    choices = ObjectField()
    network = ObjectField(help_text="Inputs, nodes in topological order, blocks.")
    costs = NumbersField(help_text="What follows from the network alone; origin `analytic`.")


class SpaceViewSet(viewsets.ViewSet):
    """Search spaces by slug."""

    pagination_class = CursorPages

    @extend_schema(responses=SpaceSerializer(many=True))
    def list(self, request: Request) -> Response:
        """List the search spaces."""
        return page_of([space_row(entry.key) for entry in SPACES], request)

    @extend_schema(responses=SpaceDetailSerializer)
    def retrieve(self, request: Request, slug: str) -> Response:
        """A search space with its variables and its document."""
        return Response(space_detail(_known(slug)))

    @extend_schema(request=SampleBody, responses={200: ArchitectureSerializer(many=True)})
    def sample(self, request: Request, slug: str) -> Response:
        """Draw architectures, uniformly. The same seed draws the same ones."""
        _known(slug)
        body = SampleBody.parse(request.data)
        return Response(draw(_space(slug, body.dataset), body.n, body.seed))

    @extend_schema(request=DecodeBody, responses={200: ArchitectureSerializer})
    def decode(self, request: Request, slug: str) -> Response:
        """Build the network of genes or of choices."""
        _known(slug)
        body = DecodeBody.parse(request.data)
        space = _space(slug, body.dataset)
        try:
            genes = body.genes if body.genes is not None else space.encode(body.choices or {})
            return Response(architecture(space, genes))
        except SpaceError as error:
            field = "choices" if body.genes is None else "genes"
            raise ConfigError({field: [str(error)]}) from error

    @extend_schema(request=ValidateBody, responses={200: ValidSpaceSerializer})
    def validate(self, request: Request) -> Response:
        """Check a search-space document; 400 says where its first mistake is. Stores nothing."""
        body = ValidateBody.parse(request.data)
        try:
            return Response(checked_document(body.document))
        except SpaceError as error:
            path = f"document.{error.path}".rstrip(".")
            raise ConfigError({path: [str(error)]}) from error


def _known(slug: str) -> str:
    if slug not in SPACES:
        raise NotFound(f"No search space named {slug!r:.80}. Known: {', '.join(SPACES.keys())}.")
    return slug


def _space(slug: str, dataset: str | None) -> SearchSpace:
    """ConfigError if there is no such data set, or its images do not fit the space."""
    try:
        return space_for(slug, dataset)
    except (UnknownKeyError, SpaceError) as error:
        raise ConfigError({"dataset": [str(error)]}) from error
