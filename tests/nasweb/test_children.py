"""The list of processes is the same for `manage.py up` and for containers."""

from pathlib import Path

import pytest
import yaml

from nasweb.supervisor.children import all_children, beat, web, worker

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose():
    return yaml.safe_load((ROOT / "docker/compose.yaml").read_text())


@pytest.mark.parametrize(
    "child",
    [
        web("0.0.0.0", 8000),
        worker("search", "search,jobs"),
        worker("evaluate", "evaluate"),
        worker("device", "devices"),
        beat(),
    ],
    ids=lambda child: child.name,
)
def test_containers_run_the_supervisors_commands(compose, child):
    service = compose["services"][child.name]
    assert tuple(service["command"]) == child.command
    image = (ROOT / "docker/Dockerfile").read_text()
    for name, value in child.environment.items():
        assert f"{name}={value}" in image or service["environment"].get(name) == value


def test_every_process_has_a_container(compose):
    names = {child.name.rstrip("-1") for child in all_children("127.0.0.1", 8000, 1)}
    assert names < set(compose["services"])


def test_containers_refer_only_to_what_is_declared(compose):
    for service in compose["services"].values():
        assert "image" in service
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in compose["volumes"]


def test_secrets_of_containers_have_no_default(compose):
    environment = compose["services"]["web"]["environment"]
    assert environment["NASWEB_SECRET_KEY"].startswith("${NASWEB_SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]
    assert compose["services"]["web"]["ports"][0].startswith("127.0.0.1:")


def test_the_number_of_trainers_is_free():
    names = [child.name for child in all_children("127.0.0.1", 8000, 3)]
    assert names == ["web", "search", "evaluate-1", "evaluate-2", "evaluate-3", "device", "beat"]
