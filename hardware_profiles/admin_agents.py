"""The admin of agents: make codes, see who is there and what waits for them, lock one out."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince

from hardware_profiles import agents
from hardware_profiles.models import Agent, AgentCode, AgentTask


class _ReadOnly(admin.ModelAdmin):
    """Rows that programs write: people read them."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list:
        return [
            name for _, options in self.get_fieldsets(request, obj) for name in options["fields"]
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(_ReadOnly):
    """Agents register themselves; here one sees them and locks them out."""

    list_display = ("name", "state", "device_links", "waiting", "last_seen", "version")
    search_fields = ("name",)
    actions = ("revoke",)
    fieldsets = (
        (None, {"fields": ("name", "state", "device_links", "waiting", "last_seen")}),
        ("Client", {"fields": ("version", "runtimes", "spec", "token_prefix")}),
        ("Origin", {"fields": ("created_by", "registered_at")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        is_open = Q(devices__agent_tasks__status__in=AgentTask.OPEN)
        counted = super().get_queryset(request).prefetch_related("devices")
        return counted.annotate(open_tasks=Count("devices__agent_tasks", filter=is_open))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("hardware_profiles.view_agent")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever may change agents."""
        return request.user.has_perm("hardware_profiles.change_agent")

    @admin.action(
        description="Revoke: lock out for good, switch its devices off", permissions=["revoke"]
    )
    def revoke(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        for agent in queryset:
            agents.revoke(agent=agent)
        self.message_user(request, f"{len(queryset)} revoked.", messages.SUCCESS)

    @admin.display(description="state")
    def state(self, agent: Agent) -> str:
        if not agent.is_active:
            return "revoked"
        return "away" if agents.is_away(agent) else "there"

    @admin.display(description="devices")
    def device_links(self, agent: Agent) -> str:
        rows = (
            (reverse("admin:hardware_profiles_device_change", args=[device.pk]), device.slug)
            for device in agent.devices.all()
        )
        return format_html_join(", ", '<a href="{}">{}</a>', rows) or "none"

    @admin.display(description="in line", ordering="open_tasks")
    def waiting(self, agent: Agent) -> str:
        address = reverse("admin:hardware_profiles_agenttask_changelist")
        return format_html(
            '<a href="{}?device__agent__id__exact={}">{}</a>', address, agent.pk, agent.open_tasks
        )

    @admin.display(description="last heard of", ordering="last_seen_at", empty_value="never")
    def last_seen(self, agent: Agent) -> str | None:
        return agent.last_seen_at and f"{timesince(agent.last_seen_at, depth=1)} ago"


class CodeForm(forms.ModelForm):
    """There is nothing to fill in: the code is drawn when it is saved."""

    class Meta:
        model = AgentCode
        fields = ()


@admin.register(AgentCode)
class AgentCodeAdmin(admin.ModelAdmin):
    """Adding one shows its code, once."""

    list_display = ("prefix", "created_by", "created_at", "expires_at", "used_by", "used_at")
    form = CodeForm

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: AgentCode, form: Any, change: bool) -> None:
        """Draw the code and show it."""
        row, code = agents.create_code(by=request.user)
        obj.pk, obj.prefix, obj.expires_at = row.pk, row.prefix, row.expires_at
        command = (
            f"nasweb-agent register --server {request.build_absolute_uri('/')[:-1]} --code {code}"
        )
        self.message_user(
            request,
            f"The code is {code}; it works once, within a day, and is not shown again. On the "
            f"other machine: {command} --name NAME",
            messages.WARNING,
        )

    def response_add(
        self, request: HttpRequest, obj: AgentCode, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Back to the list, without Django's own sentence."""
        return self.response_post_save_add(request, obj)


@admin.register(AgentTask)
class AgentTaskAdmin(_ReadOnly):
    """The lines of all agents, newest first."""

    list_display = ("architecture", "device", "purpose", "status", "attempts", "age", "problem")
    list_filter = (
        "status",
        "purpose",
        ("device__agent", admin.RelatedOnlyFieldListFilter),
        "device",
    )
    list_select_related = ("device__agent",)
    search_fields = ("network_hash__startswith", "reference__startswith")
    ordering = ("-created_at",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("device", "purpose", "reference", "network_hash", "status", "error")}),
        ("Lease", {"fields": ("attempts", "assigned_at", "lease_expires", "finished_at")}),
        ("Result", {"fields": ("measurement",)}),
    )

    @admin.display(description="architecture", ordering="network_hash")
    def architecture(self, task: AgentTask) -> str:
        return task.network_hash[:10]

    @admin.display(description="age", ordering="created_at")
    def age(self, task: AgentTask) -> str:
        return timesince(task.created_at, depth=1)

    @admin.display(description="why it waits, or failed")
    def problem(self, task: AgentTask) -> str:
        return task.error or (agents.problem(task.device) if task.status in AgentTask.OPEN else "")
