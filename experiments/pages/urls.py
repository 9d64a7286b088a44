"""Routes of the HTML pages, included at the root."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from experiments.pages import views

app_name = "pages"

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("experiments/", views.experiments, name="experiments"),
    path("experiments/new/", views.create, name="create"),
    path("experiments/demo/", views.demo, name="demo"),
    path("experiments/<uuid:pk>/row/", views.row, name="row"),
    path("experiments/<uuid:pk>/delete/", views.delete, name="delete"),
    path("", include("experiments.pages.live_urls")),
    path("", include("experiments.pages.space_urls")),
    path("", include("experiments.pages.device_urls")),
]
