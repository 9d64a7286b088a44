"""Routes of the live and candidate pages, their charts and their pictures."""

from django.urls import path

from experiments.dash_pages.bundles import bundle
from experiments.pages import live_views

urlpatterns = [
    path("experiments/<uuid:pk>/", live_views.live, name="live"),
    path("experiments/<uuid:pk>/c/<int:number>/", live_views.candidate, name="candidate"),
    path("experiments/<uuid:pk>/c/<int:number>/strip.svg", live_views.strip, name="strip"),
    path("experiments/<uuid:pk>/c/<int:number>/graph.svg", live_views.graph, name="graph"),
    path("dash/live/<uuid:pk>/<str:door>", live_views.live_door, name="live-dash"),
    path(
        "dash/candidate/<uuid:pk>/<int:number>/<str:door>",
        live_views.candidate_door,
        name="candidate-dash",
    ),
    path("dash/_dash-component-suites/<str:package>/<path:path>", bundle, name="dash-bundle"),
]
