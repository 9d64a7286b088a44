"""Routes of the device endpoints, included below /api/v1/."""

from django.urls import path

from hardware_profiles.api.views import DeviceViewSet, MeasurementViewSet

urlpatterns = [
    path("devices/", DeviceViewSet.as_view({"get": "list", "post": "create"}), name="device-list"),
    path(
        "devices/<slug:slug>/",
        DeviceViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="device-detail",
    ),
    path(
        "devices/<slug:slug>/measurements/",
        MeasurementViewSet.as_view({"get": "list"}),
        name="device-measurements",
    ),
    path(
        "devices/<slug:slug>/measurements/<uuid:pk>/",
        MeasurementViewSet.as_view({"get": "retrieve"}),
        name="device-measurement",
    ),
]
