"""The admin of imported tables: look, use an earlier import again, export."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join

from hardware_profiles.errors import TableError
from hardware_profiles.models import DeviceTable
from hardware_profiles.tables import store
from hardware_profiles.tables.keys import key_text
from search_engine.errors import UnknownKeyError
from search_engine.loading import load_space
from search_engine.protocols import SearchSpace

SHOWN_FLAGGED = 50


@admin.register(DeviceTable)
class DeviceTableAdmin(admin.ModelAdmin):
    """Imports are facts with a source; which of them is used can be changed."""

    list_display = (
        "device", "metric", "version", "is_current", "layout", "space", "rows", "flagged",
        "source", "imported_by", "created_at",
    )  # fmt: skip
    list_filter = ("is_current", "metric", "layout", "space")
    list_select_related = ("device", "imported_by")
    search_fields = ("device__slug", "device__name", "source")
    actions = ("use_again", "export")
    fields = (*list_display, "base", "notes", "not_trusted")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeviceTable]:
        return super().get_queryset(request).defer("content")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DeviceTable | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DeviceTable | None = None) -> bool:
        return False

    def has_use_permission(self, request: HttpRequest) -> bool:
        """Those who may change tables choose which is used; nobody edits the numbers."""
        return request.user.has_perm("hardware_profiles.change_devicetable")

    def get_readonly_fields(self, request: HttpRequest, obj: DeviceTable | None = None) -> Any:
        return self.fields

    @admin.action(description="Use this import (one per device and metric)", permissions=["use"])
    def use_again(self, request: HttpRequest, queryset: QuerySet[DeviceTable]) -> None:
        places = [(table.device_id, table.metric) for table in queryset]
        if len(set(places)) < len(places):
            text = "Choose one import per device and metric: only one can be in use."
            self.message_user(request, text, messages.ERROR)
            return
        for table in queryset:
            store.activate(table)
        self.message_user(request, f"{len(places)} in use now.", messages.SUCCESS)

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[DeviceTable]) -> HttpResponse | None:
        tables = list(queryset.select_related("device"))
        try:
            if len({table.device_id for table in tables}) != 1:
                raise TableError("Choose tables of one device: a file holds one device's numbers.")
            text = store.export_csv(tables, built_in_space)
        except TableError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        response = HttpResponse(text, content_type="text/csv; charset=utf-8")
        name = f"{tables[0].device.slug}.csv"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    @admin.display(description="remarks")
    def notes(self, table: DeviceTable) -> str:
        return " ".join(store.content_of(table).notes) or "none"

    @admin.display(description="rows that are not trusted")
    def not_trusted(self, table: DeviceTable) -> str:
        content = store.content_of(table)
        space = built_in_space(content.space)
        rows = [
            (key_text(content, index, space), f"{content.values[index]:.6g}", ", ".join(why))
            for index, why in list(content.flagged_rows())[:SHOWN_FLAGGED]
        ]
        return format_html_join("", "<p>{}: {}: {}</p>", rows) or "none"


def built_in_space(slug: str) -> SearchSpace | None:
    """A built-in space by slug; None for one that somebody wrote."""
    try:
        return load_space(slug)
    except UnknownKeyError:
        return None
