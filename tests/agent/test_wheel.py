"""The client as people install it: a small wheel that measures without PyTorch or Django."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hardware_profiles.model_files import SEED
from hardware_profiles.reference import reference_network
from hardware_profiles.runtimes.onnx_models import timing_model

ROOT = Path(__file__).parents[2]
ALLOWED = (
    *("numpy", "onnxruntime", "pydantic", "requests"),  # what it asks for
    *("annotated_types", "pydantic_core", "typing_extensions", "typing_inspection"),
    *("certifi", "charset_normalizer", "idna", "urllib3"),
    *("flatbuffers", "packaging", "google"),  # what ONNX Runtime's wheel asks for
)
PROGRAM = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from nasweb_agent.cli import main
from nasweb_agent.onnx_files import OnnxFile, OnnxRunner
from nasweb_agent.worker import as_json
from hardware_profiles.measure import measure_latency
from hardware_profiles.samples import MeasurePlan
plan = MeasurePlan(
    warmup_seconds=0.01, rounds=5, runs_per_round=10, settle_seconds=0.01, max_seconds=0.1
)
item = OnnxFile("d", open(sys.argv[3], "rb").read(), (3, 32, 32))
(result,) = measure_latency([item], OnnxRunner(1, 1), plan)
print(json.dumps({"result": as_json(result), "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, unpacked."""
    pytest.importorskip("setuptools", reason="builds the wheel")
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT / "agent", folder / "agent")  # a build leaves files beside its source
    for name in ("hardware_profiles", "search_engine"):
        (folder / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(folder / "agent")]
    built = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("nasweb_agent-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "installed")
    return folder / "installed"


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder in which nothing but the client's dependencies can be found."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ALLOWED:
        try:
            found = importlib.import_module(name)
        except ImportError:
            continue
        home = Path(found.__file__ or next(iter(found.__path__)))
        home = home.parent if home.name == "__init__.py" else home
        (folder / home.name).symlink_to(home)
        if (libraries := home.with_name(f"{home.name}.libs")).is_dir():
            (folder / libraries.name).symlink_to(libraries)
    return folder


def test_the_wheel_holds_the_server_s_own_measuring_files(installed):
    shared = installed / "nasweb_agent" / "_shared"
    files = [path.relative_to(shared) for path in shared.rglob("*.py")]
    assert Path("hardware_profiles/timing.py") in files
    assert Path("hardware_profiles/samples.py") in files
    assert all((shared / file).read_bytes() == (ROOT / file).read_bytes() for file in files)


def test_the_installed_client_measures_without_torch_and_django(installed, packages, tmp_path):
    model = tmp_path / "model.onnx"
    model.write_bytes(timing_model(reference_network(), SEED).content)
    command = [sys.executable, "-S", "-I", "-c", PROGRAM, installed, packages, model]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=dict(os.environ), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["result"]["summary"]["latency_ms"] > 0
    assert found["result"]["environment"]["versions"]["onnxruntime"]
    loaded = {name.split(".")[0] for name in found["modules"]}
    assert not loaded & {"torch", "django", "onnx", "scipy", "sklearn", "celery", "rest_framework"}
