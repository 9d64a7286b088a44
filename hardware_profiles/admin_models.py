"""The admin of profiling runs, fitted models and timed kernels; versions can be chosen."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from hardware_profiles import profiling
from hardware_profiles.models import FittedModel, KernelTiming, Profile


class _ReadOnly(admin.ModelAdmin):
    """Facts: nothing is added, changed or deleted by hand."""

    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for _, options in self.fieldsets or () for name in options["fields"]]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Profile)
class ProfileAdmin(_ReadOnly):
    """Runs, what they measured and what came of it."""

    list_display = ("__str__", "device", "space", "phase", "stage", "measured", "created_at")
    list_filter = ("device", "phase", "space")
    list_select_related = ("device",)
    fieldsets = (
        (None, {"fields": ("device", "space", "space_version", "requested_by", "phase")}),
        ("Budget", {"fields": ("budget", "seconds")}),
        ("Outcome", {"fields": ("stage", "measured", "report", "created_at", "finished_at")}),
    )

    @admin.display(description="stage")
    def stage(self, profile: Profile) -> str:
        return str(profiling.public_progress(profile)["stage"])

    @admin.display(description="networks")
    def measured(self, profile: Profile) -> str:
        now = profiling.public_progress(profile)
        return f"{now['test']['done']} kept apart, {now['fit']['done']} to fit on"


@admin.register(FittedModel)
class FittedModelAdmin(_ReadOnly):
    """Versions with their errors on networks that were never fitted on."""

    list_display = (
        "__str__", "device", "space", "version", "is_current", "error", "within", "created_at",
    )  # fmt: skip
    list_filter = ("device", "space", "is_current", "kind")
    list_select_related = ("device",)
    actions = ("use",)
    fieldsets = (
        (None, {"fields": ("device", "space", "kind", "version", "is_current", "note")}),
        ("Errors", {"fields": ("error", "within", "n_fit", "errors")}),
        ("Origin", {"fields": ("profile", "fingerprint", "created_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[FittedModel]:
        return super().get_queryset(request).defer("state", "pairs")

    def has_use_permission(self, request: HttpRequest) -> bool:
        """Who may choose versions: whoever may change devices."""
        return request.user.has_perm("hardware_profiles.change_device")

    @admin.action(description="Use this version from now on", permissions=["use"])
    def use(self, request: HttpRequest, queryset: QuerySet[FittedModel]) -> None:
        for model in queryset.order_by("version"):
            profiling.activate(model)
            self.message_user(request, f"In use: {model}.", messages.SUCCESS)

    @admin.display(description="mean error")
    def error(self, model: FittedModel) -> str:
        return _percent(model.errors.get("mape"))

    @admin.display(description="within 10 %")
    def within(self, model: FittedModel) -> str:
        return _percent(model.errors.get("within_10pct"))


@admin.register(KernelTiming)
class KernelTimingAdmin(_ReadOnly):
    """Timed execution units."""

    list_display = ("key", "device", "kind", "value_ms", "cv", "n", "quarantined", "created_at")
    list_filter = ("device", "kind", "quarantined")
    list_select_related = ("device",)
    search_fields = ("key",)
    fieldsets = (
        (None, {"fields": ("device", "profile", "kind", "key", "unit")}),
        ("Result", {"fields": ("value_ms", "cv", "n", "quarantined", "fingerprint", "created_at")}),
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} %"
