"""Routes of the HTML pages, included at the root."""

from django.urls import path
from django.views.generic import RedirectView

from experiments.pages import views

app_name = "pages"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="pages:experiments"), name="home"),
    path("experiments/", views.experiments, name="experiments"),
    path("experiments/new/", views.create, name="create"),
    path("experiments/demo/", views.demo, name="demo"),
    path("experiments/<uuid:pk>/delete/", views.delete, name="delete"),
]
