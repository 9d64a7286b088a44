"""Every route of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from nasweb import health, metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="pages:experiments"), name="home"),
    path("", include("experiments.pages.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("api/v1/", include("experiments.api.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]

handler400 = "nasweb.api_errors.bad_request"
handler403 = "nasweb.api_errors.permission_denied"
handler404 = "nasweb.api_errors.not_found"
handler500 = "nasweb.api_errors.server_error"
