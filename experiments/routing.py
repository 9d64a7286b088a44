"""Socket addresses."""

from django.urls import path

from experiments.consumers import ExperimentConsumer, ListConsumer

websocket_urlpatterns = [
    path("ws/experiments/", ListConsumer.as_asgi()),
    path("ws/experiments/<uuid:experiment_id>/", ExperimentConsumer.as_asgi()),
]
