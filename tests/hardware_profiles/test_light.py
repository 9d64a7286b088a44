"""The files that the light client shares load none of the heavy libraries."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = (
    *("running", "sensors", "samples", "timing", "measure", "environment", "errors"),
    *("energy", "memory_probe"),
)
HEAVY = ("torch", "django", "onnx", "onnxruntime", "onnxscript", "scipy", "sklearn")
ENGINE = {"search_engine", "search_engine.config", "search_engine.errors"}


@pytest.fixture(scope="module")
def loaded():
    """Names of all modules that importing the shared files loads."""
    lines = [f"import hardware_profiles.{name}" for name in SHARED]
    code = "\n".join([*lines, "import json, sys", "print(json.dumps(list(sys.modules)))"])
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(found.stdout))


def test_no_heavy_library_is_loaded(loaded):
    assert loaded & set(HEAVY) == set()


def test_of_this_project_only_shared_files_settings_and_errors_are_loaded(loaded):
    ours = {name for name in loaded if name.startswith(("hardware_profiles", "search_engine"))}
    shared = {f"hardware_profiles.{name}" for name in SHARED}
    assert ours - {"hardware_profiles"} - shared == ENGINE
