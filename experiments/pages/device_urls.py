"""Routes of the pages of devices."""

from django.urls import path

from experiments.pages import device_views

urlpatterns = [
    path("devices/", device_views.devices, name="devices"),
    path("devices/new/", device_views.new, name="device-new"),
    path("devices/compare/", device_views.compare, name="device-compare"),
    path("devices/<slug:slug>/", device_views.device, name="device"),
    path("devices/<slug:slug>/profiling/", device_views.profiling, name="device-profiling"),
    path("devices/<slug:slug>/import/", device_views.import_table, name="device-import"),
]
