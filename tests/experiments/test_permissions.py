"""The table of rights: every endpoint of the API, and what each kind of person gets.

Alice owns everything, Bob was shared her experiment, Mallory is a stranger, staff manages
devices. A 4xx other than 401, 403 and 404 means: allowed to ask.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver

from experiments.models import ApiToken, Experiment, Job, Trial
from experiments.services.spaces import create_space
from experiments.spaces import space_for
from hardware_profiles.models import Device, DeviceTable, FittedModel, Measurement
from hardware_profiles.services import create_device
from hardware_profiles.tables.store import import_csv
from tests.experiments.api.world import (
    BASE,
    Client,
    add_artifact,
    add_trials,
    document,
    experiment_of,
)
from tests.experiments.space_examples import sensor

SPACE = {"search_space": "nasbench201", "genes": [0] * 6}
DEVICE = {"slug": "fresh", "name": "Fresh", "runtime": "pytorch"}


@dataclass(frozen=True)
class Row:
    """One endpoint; answers in the order owner, shared, stranger, anonymous, staff."""

    method: str
    path: str
    answers: str
    body: dict[str, Any] = field(default_factory=dict)
    state: str = "done"

    @property
    def expected(self) -> dict[str, int]:
        return dict(zip(PEOPLE, map(int, self.answers.split()), strict=True))


NOT_REST = ("schema", "api-docs", "add-slash")
PEOPLE = ("owner", "shared", "stranger", "anonymous", "staff")
ORDER = ("anonymous", "stranger", "staff", "shared", "owner")  # who may change it comes last

TABLE = (
    #                                                   owner shared stranger anonymous staff
    Row("POST", "auth/token/",                           "200 200 200 200 200",
        {"username": "alice", "password": "alice-password"}),
    Row("GET", "account/tokens/",                        "200 200 200 401 200"),
    Row("POST", "account/tokens/",                       "201 201 201 401 201"),
    Row("DELETE", "account/tokens/{token}/",             "204 404 404 401 404"),
    Row("GET", "catalog/",                               "200 200 200 401 200"),
    Row("GET", "search-spaces/",                         "200 200 200 401 200"),
    Row("GET", "search-spaces/nasbench201/",             "200 200 200 401 200"),
    Row("POST", "search-spaces/nasbench201/sample/",     "200 200 200 401 200"),
    Row("POST", "search-spaces/nasbench201/decode/",     "200 200 200 401 200",
        {"genes": [0] * 6}),
    Row("POST", "search-spaces/validate/",               "400 400 400 401 400", {"document": {}}),
    Row("GET", "search-spaces/schema/",                  "200 200 200 401 200"),
    Row("POST", "search-spaces/",                        "201 201 201 401 201",
        {"name": "Another", "document": sensor()}),
    Row("PATCH", "search-spaces/nasbench201/",           "403 403 403 401 403", {"name": "x"}),
    Row("DELETE", "search-spaces/nasbench201/",          "403 403 403 401 403"),
    Row("POST", "search-spaces/nasbench201/versions/",   "403 403 403 401 403",
        {"document": sensor()}),
    Row("GET", "search-spaces/{space}/",                 "200 404 404 401 404"),
    Row("PATCH", "search-spaces/{space}/",               "200 404 404 401 404", {"name": "x"}),
    Row("DELETE", "search-spaces/{space}/",              "204 404 404 401 404"),
    Row("GET", "search-spaces/{space}/versions/",        "200 404 404 401 404"),
    Row("POST", "search-spaces/{space}/versions/",       "201 404 404 401 404",
        {"document": sensor(classes=7)}),
    Row("GET", "search-spaces/{space}/distribution/",    "200 404 404 401 404"),
    Row("GET", "search-spaces/{space}/references/",      "200 404 404 401 404"),
    Row("GET", "search-spaces/{space}/used-by/",         "200 404 404 401 404"),
    Row("POST", "search-spaces/{space}/sample/",         "200 404 404 401 404"),
    Row("POST", "search-spaces/{space}/decode/",         "200 404 404 401 404",
        {"genes": [0] * 3}),
    Row("GET", "datasets/",                              "200 200 200 401 200"),
    Row("GET", "datasets/digits/",                       "200 200 200 401 200"),
    Row("GET", "devices/",                               "200 200 200 401 200"),
    Row("POST", "devices/",                              "403 403 403 401 201", DEVICE),
    Row("POST", "devices/",                              "403 403 403 401 201",
        {"slug": "a-table", "name": "Numbers", "kind": "table"}),
    Row("GET", "devices/local-cpu/",                     "200 200 200 401 200"),
    Row("PATCH", "devices/local-cpu/",                   "403 403 403 401 200", {"name": "x"}),
    Row("POST", "devices/local-cpu/measure/",            "202 202 202 401 202", SPACE),
    Row("GET", "devices/local-cpu/measurements/",        "200 200 200 401 200"),
    Row("GET", "devices/local-cpu/measurements/{measurement}/", "200 200 200 401 200"),
    Row("POST", "devices/local-cpu/profile/",            "403 403 403 401 202",
        {"search_space": "mbconv-tiny"}),
    Row("GET", "devices/local-cpu/profiles/",            "200 200 200 401 200"),
    Row("POST", "devices/phone/predict/",                "200 200 200 401 200",
        {"search_space": "nasbench201", "genes": [[0, 0, 0, 0, 0, 0]]}),
    Row("GET", "devices/local-cpu/evaluation/",          "200 200 200 401 200"),
    Row("GET", "devices/local-cpu/models/",              "200 200 200 401 200"),
    Row("POST", "devices/local-cpu/models/{model}/activate/", "403 403 403 401 200"),
    Row("GET", "devices/phone/table/",                   "200 200 200 401 200"),
    Row("POST", "devices/phone/table/",                  "403 403 403 401 415"),
    Row("GET", "devices/phone/tables/",                  "200 200 200 401 200"),
    Row("POST", "devices/phone/tables/{table}/activate/", "403 403 403 401 200"),
    Row("GET", "experiments/",                           "200 200 200 401 200"),
    Row("POST", "experiments/",                          "201 201 201 401 201", document()),
    Row("POST", "experiments/estimate/",                 "200 200 200 401 200", document()),
    Row("GET", "experiments/{experiment}/",              "200 200 404 401 404"),
    Row("PATCH", "experiments/{experiment}/",            "200 403 404 401 404", {"name": "x"}),
    Row("DELETE", "experiments/{experiment}/",           "204 403 404 401 404"),
    Row("POST", "experiments/{experiment}/pause/",       "200 403 404 401 404", {}, "running"),
    Row("POST", "experiments/{experiment}/resume/",      "200 403 404 401 404", {}, "paused"),
    Row("POST", "experiments/{experiment}/stop/",        "200 403 404 401 404", {}, "running"),
    Row("POST", "experiments/{experiment}/cancel/",      "200 403 404 401 404", {}, "running"),
    Row("POST", "experiments/{experiment}/extend/",      "200 403 404 401 404", {"max_trials": 1}),
    Row("POST", "experiments/{experiment}/rerun-failed/", "200 403 404 401 404"),
    Row("POST", "experiments/{experiment}/clone/",       "201 201 404 401 404"),
    Row("GET", "experiments/{experiment}/front/",        "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/hypervolume/",  "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/events/",       "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/snapshot/",     "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/config.yaml",   "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/trials.csv",    "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/trials/",       "200 200 404 401 404"),
    Row("GET", "experiments/{experiment}/trials/0/",     "200 200 404 401 404"),
    Row("POST", "experiments/{experiment}/trials/0/measure/", "202 403 404 401 404",
        {"device": "local-cpu"}),
    Row("POST", "experiments/{experiment}/trials/0/export/", "202 403 404 401 404"),
    Row("POST", "agents/codes/",                         "403 403 403 401 201"),
    Row("POST", "agents/register/",                      "400 400 400 400 400"),
    Row("POST", "agents/hello/",                         "401 401 401 401 401"),
    Row("GET", "agents/me/",                             "401 401 401 401 401"),
    Row("POST", "agents/claim/",                         "401 401 401 401 401"),
    Row("POST", "agents/tasks/{job}/heartbeat/",         "401 401 401 401 401"),
    Row("POST", "agents/tasks/{job}/result/",            "401 401 401 401 401"),
    Row("POST", "agents/tasks/{job}/failure/",           "401 401 401 401 401"),
    Row("GET", "agents/tasks/{job}/model.onnx",          "401 401 401 401 401"),
    Row("GET", "agents/tasks/{job}/reference.onnx",      "401 401 401 401 401"),
    Row("GET", "jobs/",                                  "200 200 200 401 200"),
    Row("GET", "jobs/{job}/",                            "200 200 404 401 404"),
    Row("POST", "jobs/{job}/cancel/",                    "200 403 404 401 404"),
    Row("POST", "jobs/{job}/pause/",                     "409 403 404 401 404"),
    Row("POST", "jobs/{job}/resume/",                    "409 403 404 401 404"),
    Row("POST", "jobs/{job}/extend/",                    "409 403 404 401 404"),
    Row("GET", "artifacts/{artifact}/download/",         "200 200 404 401 404"),
)  # fmt: skip


@pytest.fixture
def people(alice, mallory, staff) -> dict[str, Client]:
    bob = User.objects.create_user("bob", password="bob-password")
    users = {"owner": alice, "shared": bob, "stranger": mallory, "anonymous": None, "staff": staff}
    return {name: Client(user) for name, user in users.items()}


@pytest.fixture
def world(people, cpu, alice) -> dict[str, Any]:
    experiment = experiment_of(alice)
    experiment.shared_with.add(User.objects.get(username="bob"))
    trial, _ = add_trials(experiment, 1) + add_trials(experiment, 1, status="failed")
    Trial.objects.filter(number=0).update(weights="weights/0.pt")
    measurement = Measurement.objects.create(
        device=cpu, network_hash=trial.hash, value=1.0, n=10, status="ok", fingerprint="x",
        spread={}, samples={}, phases={}, environment={}, genes=[],
        space=space_for("mbconv-tiny").key,
    )  # fmt: skip
    return {
        "experiment": experiment.pk,
        "token": ApiToken.objects.get(user=alice).pk,
        "artifact": add_artifact(alice, trial).pk,
        "job": Job.objects.create(owner=alice, kind="measure", trial=trial, device=cpu).pk,
        "measurement": measurement.pk,
        "model": _model(cpu).pk,
        "table": _table().pk,
        "space": create_space(owner=alice, name="Sensor", document=sensor()).slug,
    }


def _model(device: Device) -> FittedModel:
    return FittedModel.objects.create(
        device=device, space="mbconv-tiny", space_checksum="x", kind="ridge", version=1,
        is_current=True, state="{}", n_fit=12, errors={"mape": 2.0}, pairs=[], fingerprint="x",
    )  # fmt: skip


def _table() -> DeviceTable:
    phone = create_device(slug="phone", name="Phone", kind="table")
    raw = b"arch,value,unit\n0 0 0 0 0 0,1,ms\n"
    space = space_for("nasbench201")
    [table], _ = import_csv(device=phone, raw=raw, source="a line", space=space)
    return table


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path}")
def test_rights(people, world, row):
    path = row.path.format(**world)
    found = {}
    for person in ORDER:
        Experiment.objects.filter(pk=world["experiment"]).update(status=row.state)
        body = row.body if row.method in ("POST", "PATCH") else None
        response = getattr(people[person], row.method.lower())(path, body)
        found[person] = response.status_code
        if response.status_code >= 400:
            assert set(response.json()) == {"type", "errors"}, "the one shape of errors"
    assert found == row.expected


def test_a_stranger_s_404_is_that_of_nothing(people, world):
    """Whether something exists must not show."""
    nobody = "00000000-0000-0000-0000-000000000000"
    for row in TABLE:
        if "{experiment}" in row.path:
            method = getattr(people["stranger"], row.method.lower())
            theirs = method(row.path.format(**world), row.body)
            nothing = method(row.path.format(**world | {"experiment": nobody}), row.body)
            assert theirs.json() == nothing.json(), row.path
        if "{space}" in row.path:
            method = getattr(people["stranger"], row.method.lower())
            theirs = method(row.path.format(**world), row.body).json()["errors"][0]["detail"]
            nothing = method(row.path.format(space="nope"), row.body).json()["errors"][0]["detail"]
            assert theirs.replace("sensor", "nope") == nothing


def for_agents(row):
    """Nobody but an agent gets anything but 401 there."""
    return set(row.expected.values()) == {401}


def test_options_answer_everywhere(people, world):
    for path in {row.path.format(**world) for row in TABLE if not for_agents(row)}:
        assert people["owner"].options(path).status_code == 200, path
        assert people["stranger"].options(path).status_code in (200, 404), path


def test_the_table_names_every_endpoint():
    named = {(row.method, _template(row.path)) for row in TABLE}
    assert set(_endpoints()) - named == set()


def _template(path: str) -> str:
    """`experiments/{x}/trials/0/` as the router sees it: variable parts are stars."""
    fixed = {"nasbench201", "digits", "local-cpu", "phone", "0"}
    parts = ("*" if part in fixed or part.startswith("{") else part for part in path.split("/"))
    return "/".join(parts)


def _endpoints():
    for route, pattern in _routes(get_resolver().url_patterns, ""):
        if not route.startswith(BASE.lstrip("/")) or pattern.name in NOT_REST:
            continue
        view = pattern.callback
        methods = getattr(view, "actions", None) or [
            name for name in ("get", "post", "patch", "put", "delete") if hasattr(view.cls, name)
        ]
        path = "/".join(
            "*" if part.startswith("<") else part
            for part in route.removeprefix(BASE.lstrip("/")).split("/")
        )
        yield from ((method.upper(), path) for method in methods if method != "head")


def _routes(patterns, prefix):
    for item in patterns:
        route = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from _routes(item.url_patterns, route)
        elif isinstance(item, URLPattern):
            yield route, item
