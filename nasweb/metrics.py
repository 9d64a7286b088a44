"""Prometheus metrics: trials, queues, workers, requests. For staff, or from this host only."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from time import perf_counter

import redis
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from prometheus_client.core import REGISTRY, CollectorRegistry, GaugeMetricFamily
from prometheus_client.registry import Collector
from rest_framework.exceptions import APIException

from experiments import workers
from experiments.api.authentication import HashedTokenAuthentication
from experiments.models import Experiment, Trial

REQUESTS = Counter("nasweb_http_requests", "Answered requests.", ["method", "status"])
SECONDS = Histogram("nasweb_http_request_seconds", "Time to answer.", ["method"])
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
QUEUES = ("search", "evaluate", "jobs")


class HttpMetrics:
    """Counts requests and their time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, then count."""
        start = perf_counter()
        response = self._get_response(request)
        method = request.method if request.method in METHODS else "other"
        SECONDS.labels(method).observe(perf_counter() - start)
        REQUESTS.labels(method, str(response.status_code)).inc()
        return response


class StateCollector(Collector):
    """Reads the state of the installation when it is asked."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Rows by status, tasks that wait, workers that live."""
        yield _by_status("nasweb_experiments", "Experiments by status.", Experiment)
        yield _by_status("nasweb_trials", "Trials by status.", Trial)
        living = workers.alive()
        roles = GaugeMetricFamily("nasweb_workers", "Living workers by role.", labels=["role"])
        for role in sorted({"search", "evaluate", "device", *(worker.role for worker in living)}):
            roles.add_metric([role], sum(worker.role == role for worker in living))
        yield roles
        waiting = GaugeMetricFamily("nasweb_queue_length", "Waiting tasks.", labels=["queue"])
        names = sorted({*QUEUES, *(queue for worker in living for queue in worker.queues)})
        with workers.client() as connection:
            for name in names:
                waiting.add_metric([name], connection.llen(name))
        yield waiting


def _by_status(name: str, text: str, model: type[Experiment | Trial]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["status"])
    counts = dict(model.objects.order_by().values_list("status").annotate(n=Count("pk")))
    for status in model.Status.values:
        family.add_metric([status], counts.get(status, 0))
    return family


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; 404 for people who may not see it."""
    if not (_is_local(request) or _is_staff(request)):
        raise Http404
    state = CollectorRegistry()
    state.register(StateCollector())
    try:
        text = generate_latest(REGISTRY) + generate_latest(state)
    except redis.RedisError:
        text = generate_latest(REGISTRY)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _is_local(request: HttpRequest) -> bool:
    """Asked on this host directly, not through a proxy that runs on it."""
    if "HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _is_staff(request: HttpRequest) -> bool:
    if request.user.is_authenticated:
        return request.user.is_staff
    try:
        found = HashedTokenAuthentication().authenticate(request)
    except APIException:
        return False
    return found is not None and found[0].is_staff
