"""Routes whose views fail, for the tests of error answers."""

from django.urls import path
from rest_framework.views import APIView

from experiments.errors import StateConflict
from nasweb.urls import handler400, handler403, handler404, handler500  # noqa: F401
from search_engine.errors import ConfigError


class Rest(APIView):
    def get(self, request):
        raise ZeroDivisionError("a secret")


class Engine(APIView):
    def get(self, request):
        raise ConfigError({"strategy.population_size": ["Must be positive, got -1."]})


class State(APIView):
    def get(self, request):
        raise StateConflict("The experiment is done; only running ones can be paused.")


def plain(request):
    raise ZeroDivisionError("a secret")


urlpatterns = [
    path("api/v1/rest/", Rest.as_view()),
    path("api/v1/engine/", Engine.as_view()),
    path("api/v1/state/", State.as_view()),
    path("api/v1/plain/", plain),
]
