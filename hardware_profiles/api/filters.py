"""Query filters of the device lists; a value that is not offered is an error, never ignored."""

import django_filters as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from hardware_profiles.models import Device, Measurement, runtime_choices

_YES_NO = {"true": True, "false": False}


@extend_schema_field(OpenApiTypes.BOOL)
class _YesNo(filters.TypedChoiceFilter):
    def __init__(self, **kwargs: object) -> None:
        choices = [(text, text) for text in _YES_NO]
        super().__init__(choices=choices, coerce=_YES_NO.get, **kwargs)


class DeviceFilter(filters.FilterSet):
    """Filters of the list of devices."""

    runtime = filters.ChoiceFilter(choices=runtime_choices)
    is_active = _YesNo(field_name="is_active", label="Switched on.")

    class Meta:
        model = Device
        fields: tuple[str, ...] = ()


class MeasurementFilter(filters.FilterSet):
    """Filters of a device's measurements."""

    status = filters.ChoiceFilter(choices=Measurement.Status.choices)
    hash = filters.CharFilter(field_name="network_hash", max_length=64, label="Architecture.")
    search_space = filters.CharFilter(field_name="space", max_length=100)

    class Meta:
        model = Measurement
        fields: tuple[str, ...] = ()
