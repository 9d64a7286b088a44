"""Devices and what was measured on them; asking for a measurement belongs to the product's jobs."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from hardware_profiles import services
from hardware_profiles.api.bodies import DeviceBody, DeviceChangesBody
from hardware_profiles.api.filters import DeviceFilter, MeasurementFilter
from hardware_profiles.api.permissions import StaffWrites
from hardware_profiles.api.serializers import (
    DeviceSerializer,
    MeasurementDetailSerializer,
    MeasurementSerializer,
)
from hardware_profiles.models import Device, Measurement
from hardware_profiles.profiling import with_standing
from hardware_profiles.selectors import all_devices, measurements_of


class DeviceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Hardware targets by slug."""

    serializer_class = DeviceSerializer
    permission_classes = (StaffWrites,)
    filterset_class = DeviceFilter
    lookup_field = "slug"
    ordering = ("slug",)

    def get_queryset(self) -> QuerySet[Device]:
        return with_standing(all_devices())

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the devices, also those that are switched off."""
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """A device: host, runtime, threads, precision, batch size, state."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(request=DeviceBody, responses={201: DeviceSerializer})
    def create(self, request: Request) -> Response:
        """Add a device: of this host, a description or an imported table; staff only."""
        body = DeviceBody.parse(request.data)
        device = services.create_device(**body.model_dump())
        return Response(DeviceSerializer(device).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=DeviceChangesBody, responses=DeviceSerializer)
    def partial_update(self, request: Request, slug: str) -> Response:
        """Change a device, or switch it off; staff only."""
        body = DeviceChangesBody.parse(request.data)
        device = get_object_or_404(Device, slug=slug)
        changes = body.model_dump(exclude_unset=True)
        device = services.update_device(device=device, changes=changes)
        return Response(DeviceSerializer(device).data)


class MeasurementViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """What was measured on one device."""

    queryset = Measurement.objects.none()  # tells the schema which model it is
    permission_classes = (StaffWrites,)
    filterset_class = MeasurementFilter
    ordering = ("-created_at", "-pk")

    def get_queryset(self) -> QuerySet[Measurement]:
        return measurements_of(get_object_or_404(Device, slug=self.kwargs["slug"]))

    def get_serializer_class(self) -> type[MeasurementSerializer]:
        detailed = self.action == "retrieve"
        return MeasurementDetailSerializer if detailed else MeasurementSerializer

    def list(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the measurements of a device, newest first, without raw samples."""
        return super().list(request, *args, **kwargs)

    def retrieve(self, request: Request, *args: object, **kwargs: object) -> Response:
        """A measurement with its raw samples."""
        return super().retrieve(request, *args, **kwargs)
