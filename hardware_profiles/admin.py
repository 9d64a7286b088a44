"""The admin of devices: create, edit and switch them off; see what was measured."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince

from hardware_profiles import admin_agents as admin_agents  # Django looks for registrations here
from hardware_profiles import admin_models as admin_models
from hardware_profiles import admin_tables as admin_tables
from hardware_profiles import environment, services
from hardware_profiles.admin_export import export_csv, export_json
from hardware_profiles.models import Device, Measurement
from hardware_profiles.selectors import device_status


class _Active(admin.SimpleListFilter):
    """Switched on or off."""

    title = "state"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "switched on"), ("no", "switched off")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Device]) -> QuerySet[Device]:
        wanted = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if wanted is None else queryset.filter(is_active=wanted)


class DeviceForm(forms.ModelForm):
    """A new device describes the host that the form is sent to."""

    class Meta:
        widgets: ClassVar = {"notes": forms.Textarea(attrs={"rows": 3, "cols": 60})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.instance.spec = environment.describe_host()
            kinds = self.fields["kind"]  # devices of other machines are made by their agent
            kinds.choices = [item for item in kinds.choices if item[0] != Device.Kind.AGENT]


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin):
    """Devices are switched off, not deleted: experiments and measurements refer to them."""

    form = DeviceForm
    list_display = ("name", "slug", "set_up", "state", "measured", "last_measured")
    list_filter = (_Active, "runtime")
    search_fields = ("name", "slug", "notes")
    actions = ("switch_off", "switch_on")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("host", "measured", "last_measured", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("name", "slug", "is_active", "notes")}),
        ("How networks run", {"fields": ("kind", "runtime", "threads", "precision", "batch_size")}),
        ("Description", {"fields": ("descriptor",)}),
        ("Host", {"fields": ("host",)}),
        ("Numbers", {"fields": ("measured", "last_measured", "created_at", "updated_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        counted = super().get_queryset(request).with_latest()
        return counted.annotate(measurement_count=Count("measurements"))

    def save_model(self, request: HttpRequest, obj: Device, form: Any, change: bool) -> None:
        if obj.kind in Device.IMMEDIATE:
            obj.spec = {}  # nothing runs on this host
        super().save_model(request, obj, form, change)

    def get_fieldsets(self, request: HttpRequest, obj: Device | None = None) -> Any:
        return self.fieldsets if obj else self.fieldsets[:-1]

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> tuple:
        """The slug stays; what numbers were measured with stays as soon as there are numbers."""
        if obj is None:
            return self.readonly_fields
        frozen = Device.MEASURED_WITH if obj.measurement_count else ()
        return (*self.readonly_fields, *Device.IDENTITY, *frozen)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Device | None = None) -> dict:
        return self.prepopulated_fields if obj is None else {}

    def has_delete_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return False

    @admin.action(description="Switch off: keep the numbers, offer it no more")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        changed = services.set_active(devices=list(queryset), active=False)
        self.message_user(request, f"{changed} switched off.", messages.SUCCESS)

    @admin.action(description="Switch on")
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Device]) -> None:
        changed = services.set_active(devices=list(queryset), active=True)
        self.message_user(request, f"{changed} switched on.", messages.SUCCESS)

    @admin.display(description="set-up", ordering="runtime")
    def set_up(self, device: Device) -> str:
        if device.kind in Device.IMMEDIATE:
            batch = f", batch {device.batch_size}" if device.batch_size > 1 else ""
            return f"{device.get_kind_display()}{batch}"
        threads = "1 thread" if device.threads == 1 else f"{device.threads} threads"
        return f"{device.get_runtime_display()}, {threads}, batch {device.batch_size}"

    @admin.display(description="state")
    def state(self, device: Device) -> str:
        return device_status(device)

    @admin.display(description="measurements", ordering="measurement_count")
    def measured(self, device: Device) -> str:
        address = reverse("admin:hardware_profiles_measurement_changelist")
        return format_html(
            '<a href="{}?device__id__exact={}">{}</a>', address, device.pk, device.measurement_count
        )

    @admin.display(description="last measured", ordering="last_measured_at", empty_value="never")
    def last_measured(self, device: Device) -> str | None:
        moment = getattr(device, "last_measured_at", None)
        return _age(moment) if moment else None

    @admin.display(description="detected")
    def host(self, device: Device) -> str:
        facts = device.spec or environment.describe_host()
        return facts_table(facts)


@admin.register(Measurement)
class MeasurementAdmin(admin.ModelAdmin):
    """Measurements are facts: to be read, never to be edited."""

    list_display = (
        "architecture", "device", "latency", "agreement", "status", "n", "space", "age",
    )  # fmt: skip
    list_filter = ("device", "status", "split", "quarantined", "space")
    actions = (export_csv, export_json)
    list_select_related = ("device",)
    search_fields = ("network_hash__startswith",)
    search_help_text = "Beginning of an architecture's hash."
    date_hierarchy = "created_at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("device", "network_hash", "space", "genes")}),
        ("Result", {"fields": ("latency", "spread_text", "n", "status", "note", "created_at")}),
        ("Circumstances", {"fields": ("phase_table", "environment_table", "raw_link")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Measurement | None = None) -> list:
        return [name for _, options in self.fieldsets for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Measurement | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Measurement | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        raw = self.admin_site.admin_view(self.raw)
        name = "hardware_profiles_measurement_raw"
        return [path("<uuid:pk>/raw.json", raw, name=name), *super().get_urls()]

    def raw(self, request: HttpRequest, pk: str) -> JsonResponse:
        """Samples and circumstances as a file."""
        measurement = get_object_or_404(Measurement, pk=pk)
        response = JsonResponse(measurement.raw)
        response["Content-Disposition"] = f'attachment; filename="measurement-{pk}.json"'
        return response

    @admin.display(description="architecture", ordering="network_hash")
    def architecture(self, measurement: Measurement) -> str:
        return measurement.network_hash[:10]

    @admin.display(description="latency", ordering="value")
    def latency(self, measurement: Measurement) -> str:
        return f"{measurement.value:.4g} {measurement.unit}"

    @admin.display(description="spread", ordering="spread__cv")
    def agreement(self, measurement: Measurement) -> str:
        spread = measurement.spread
        return f"{spread['cv']:.1%} in {spread['rounds_kept']} of {spread['rounds']} rounds"

    @admin.display(description="spread")
    def spread_text(self, measurement: Measurement) -> str:
        spread = measurement.spread
        return (
            f"median {spread['median']:.4g}, p90 {spread['p90']:.4g}, IQR {spread['iqr']:.2g} "
            f"{measurement.unit}; coefficient of variation {self.agreement(measurement)}"
        )

    @admin.display(description="age", ordering="-created_at")
    def age(self, measurement: Measurement) -> str:
        return _age(measurement.created_at)

    @admin.display(description="phases")
    def phase_table(self, measurement: Measurement) -> str:
        return facts_table(measurement.phases)

    @admin.display(description="environment")
    def environment_table(self, measurement: Measurement) -> str:
        return facts_table(measurement.environment)

    @admin.display(description="raw samples")
    def raw_link(self, measurement: Measurement) -> str:
        address = reverse("admin:hardware_profiles_measurement_raw", args=[measurement.pk])
        return format_html('<a href="{}">download as JSON</a>', address)


def facts_table(facts: dict[str, Any]) -> str:
    """Nested facts as rows of `name: value`, without empty ones; plans and loads come last."""
    order = ("host", "versions", "before", "after", "plan")
    flat = [(key, value) for key, value in facts.items() if key not in order]
    nested = [
        (f"{group} {key}", value) for group in order for key, value in facts.get(group, {}).items()
    ]
    rows = [
        (key.replace("_", " "), _plain(value))
        for key, value in flat + nested
        if value not in (None, "", [])
    ]
    body = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", rows)
    return format_html("<table>{}</table>", body)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _age(moment: datetime) -> str:
    text = timesince(moment, depth=1)
    return "just now" if text.startswith("0") else f"{text} ago"
