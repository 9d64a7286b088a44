"""Routes below /api/v1/; docs/api.md lists them for people."""

from django.urls import path, re_path

from experiments.api.parsers import DOCUMENT_PARSERS
from experiments.api.renderers import OneFormat
from experiments.api.views import agents as agent_views
from experiments.api.views.catalog import CatalogView
from experiments.api.views.datasets import DatasetViewSet
from experiments.api.views.device_models import (
    EvaluationView,
    ModelViewSet,
    PredictView,
    ProfileView,
    ProfileViewSet,
)
from experiments.api.views.device_tables import TableView, TableViewSet
from experiments.api.views.devices import MeasureView, RepeatableDeviceViewSet
from experiments.api.views.experiments import ExperimentViewSet
from experiments.api.views.jobs import ArtifactViewSet, JobViewSet
from experiments.api.views.redirects import add_slash
from experiments.api.views.space_tools import SpaceToolViewSet
from experiments.api.views.spaces import SpaceViewSet
from experiments.api.views.tokens import LoginView, TokenViewSet
from experiments.api.views.trials import TrialViewSet
from hardware_profiles.api.urls import urlpatterns as device_routes

app_name = "api"

_EXPERIMENT_GETS = ("front", "hypervolume", "events", "snapshot")
_EXPERIMENT_POSTS = ("pause", "resume", "stop", "cancel", "extend", "clone", "rerun_failed")
_SPACE_GETS = ("distribution", "references", "used_by")
_SPACE_POSTS = ("sample", "decode")
_file = {"content_negotiation_class": OneFormat}
_document = {"parser_classes": DOCUMENT_PARSERS}


def _experiment_action(method: str, action: str) -> list:
    name = action.replace("_", "-")
    view = ExperimentViewSet.as_view({method: action})
    return [path(f"experiments/<uuid:pk>/{name}/", view, name=f"experiment-{name}")]


def _space_action(method: str, action: str) -> list:
    name = action.replace("_", "-")
    pages = {} if action in ("references", "used_by") else {"pagination_class": None}
    view = SpaceToolViewSet.as_view({method: action}, **pages)
    return [path(f"search-spaces/<slug:slug>/{name}/", view, name=f"space-{name}")]


urlpatterns = [
    path("auth/token/", LoginView.as_view(), name="login"),
    path(
        "account/tokens/",
        TokenViewSet.as_view({"get": "list", "post": "create"}),
        name="token-list",
    ),
    path(
        "account/tokens/<int:pk>/", TokenViewSet.as_view({"delete": "destroy"}), name="token-detail"
    ),
    path("catalog/", CatalogView.as_view(), name="catalog"),
    path(
        "search-spaces/",
        SpaceViewSet.as_view({"get": "list", "post": "create"}),
        name="space-list",
    ),
    path(
        "search-spaces/validate/",
        SpaceToolViewSet.as_view({"post": "validate"}, pagination_class=None),
        name="space-validate",
    ),
    path(
        "search-spaces/schema/",
        SpaceToolViewSet.as_view({"get": "language"}, pagination_class=None),
        name="space-schema",
    ),
    path(
        "search-spaces/<slug:slug>/",
        SpaceViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="space-detail",
    ),
    path(
        "search-spaces/<slug:slug>/versions/",
        SpaceViewSet.as_view({"get": "versions", "post": "add_version"}),
        name="space-versions",
    ),
    *(route for action in _SPACE_GETS for route in _space_action("get", action)),
    *(route for action in _SPACE_POSTS for route in _space_action("post", action)),
    path("datasets/", DatasetViewSet.as_view({"get": "list"}), name="dataset-list"),
    path(
        "datasets/<slug:slug>/", DatasetViewSet.as_view({"get": "retrieve"}), name="dataset-detail"
    ),
    path("devices/<slug:slug>/measure/", MeasureView.as_view(), name="device-measure"),
    path("devices/<slug:slug>/profile/", ProfileView.as_view(), name="device-profile"),
    path(
        "devices/<slug:slug>/profiles/",
        ProfileViewSet.as_view({"get": "list"}),
        name="device-profiles",
    ),
    path("devices/<slug:slug>/predict/", PredictView.as_view(), name="device-predict"),
    path("devices/<slug:slug>/evaluation/", EvaluationView.as_view(), name="device-evaluation"),
    path(
        "devices/<slug:slug>/models/", ModelViewSet.as_view({"get": "list"}), name="device-models"
    ),
    path(
        "devices/<slug:slug>/models/<uuid:pk>/activate/",
        ModelViewSet.as_view({"post": "activate"}),
        name="device-model-activate",
    ),
    path(
        "devices/",
        RepeatableDeviceViewSet.as_view({"get": "list", "post": "create"}),
        name="device-list",
    ),
    *(route for route in device_routes if route.name != "device-list"),
    path("devices/<slug:slug>/table/", TableView.as_view(), name="device-table"),
    path(
        "devices/<slug:slug>/tables/",
        TableViewSet.as_view({"get": "list"}),
        name="device-tables",
    ),
    path(
        "devices/<slug:slug>/tables/<uuid:pk>/activate/",
        TableViewSet.as_view({"post": "activate"}),
        name="device-table-activate",
    ),
    path(
        "experiments/",
        ExperimentViewSet.as_view({"get": "list", "post": "create"}, **_document),
        name="experiment-list",
    ),
    path(
        "experiments/estimate/",
        ExperimentViewSet.as_view({"post": "estimate"}, **_document),
        name="experiment-estimate",
    ),
    path(
        "experiments/<uuid:pk>/",
        ExperimentViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
        ),
        name="experiment-detail",
    ),
    *(route for action in _EXPERIMENT_GETS for route in _experiment_action("get", action)),
    *(route for action in _EXPERIMENT_POSTS for route in _experiment_action("post", action)),
    path(
        "experiments/<uuid:pk>/config.yaml",
        ExperimentViewSet.as_view({"get": "config"}, **_file),
        name="experiment-config",
    ),
    path(
        "experiments/<uuid:pk>/trials.csv",
        ExperimentViewSet.as_view({"get": "table"}, **_file),
        name="experiment-table",
    ),
    path("experiments/<uuid:pk>/trials/", TrialViewSet.as_view({"get": "list"}), name="trial-list"),
    path(
        "experiments/<uuid:pk>/trials/<int:number>/",
        TrialViewSet.as_view({"get": "retrieve"}),
        name="trial-detail",
    ),
    path(
        "experiments/<uuid:pk>/trials/<int:number>/measure/",
        TrialViewSet.as_view({"post": "measure"}),
        name="trial-measure",
    ),
    path(
        "experiments/<uuid:pk>/trials/<int:number>/export/",
        TrialViewSet.as_view({"post": "export"}),
        name="trial-export",
    ),
    path("agents/codes/", agent_views.CodeView.as_view(), name="agent-codes"),
    path("agents/register/", agent_views.RegisterView.as_view(), name="agent-register"),
    path("agents/hello/", agent_views.HelloView.as_view(), name="agent-hello"),
    path("agents/me/", agent_views.MeView.as_view(), name="agent-me"),
    path("agents/claim/", agent_views.ClaimView.as_view(), name="agent-claim"),
    *(
        path(f"agents/tasks/<uuid:pk>/{action}/", view.as_view(), name=f"agent-task-{action}")
        for action, view in (
            ("heartbeat", agent_views.HeartbeatView),
            ("result", agent_views.ResultView),
            ("failure", agent_views.FailureView),
        )
    ),
    *(
        path(
            f"agents/tasks/<uuid:pk>/{name}.onnx",
            view.as_view(content_negotiation_class=OneFormat),
            name=f"agent-task-{name}",
        )
        for name, view in (
            ("model", agent_views.ModelView),
            ("reference", agent_views.ReferenceModelView),
        )
    ),
    path("jobs/", JobViewSet.as_view({"get": "list"}), name="job-list"),
    path("jobs/<uuid:pk>/", JobViewSet.as_view({"get": "retrieve"}), name="job-detail"),
    *(
        path(f"jobs/<uuid:pk>/{act}/", JobViewSet.as_view({"post": act}), name=f"job-{act}")
        for act in ("cancel", "pause", "resume", "extend")
    ),
    path(
        "artifacts/<uuid:pk>/download/",
        ArtifactViewSet.as_view({"get": "download"}, **_file),
        name="artifact-download",
    ),
    re_path(r"[^/]\Z", add_slash, name="add-slash"),
]
