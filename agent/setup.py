"""Builds the client together with the server's own measuring code: the same files, no copy in git.

They lie beside this folder in a checkout, and in `shared/` of a source distribution.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
SHARED = (
    "search_engine/__init__.py",
    "search_engine/config.py",
    "search_engine/errors.py",
    "hardware_profiles/__init__.py",
    "hardware_profiles/environment.py",
    "hardware_profiles/errors.py",
    "hardware_profiles/host_lock.py",
    "hardware_profiles/measure.py",
    "hardware_profiles/onnx_session.py",
    "hardware_profiles/running.py",
    "hardware_profiles/samples.py",
    "hardware_profiles/timing.py",
)


def copy_shared(target: Path) -> list[str]:
    """Copy the shared files below a folder; returns where they are now."""
    source = HERE / "shared" if (HERE / "shared").is_dir() else HERE.parent
    copied = []
    for name in SHARED:
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, file)
        copied.append(str(file))
    return copied


class BuildWithShared(build_py):
    """Puts the shared files into `nasweb_agent/_shared`, away from other packages' names."""

    def run(self) -> None:
        """Build."""
        super().run()
        copy_shared(Path(self.build_lib) / "nasweb_agent" / "_shared")


class SdistWithShared(sdist):
    """Puts the shared files into the source distribution."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Collect."""
        super().make_release_tree(base_dir, files)
        copy_shared(Path(base_dir) / "shared")


setup(cmdclass={"build_py": BuildWithShared, "sdist": SdistWithShared})
