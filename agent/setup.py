"""Builds the client together with the server's own measuring code: the same files, no copy in git.

They lie beside this folder in a checkout, and in `shared/` of a source distribution.
"""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

HERE = Path(__file__).resolve().parent
NEEDED = (  # by the client; with what they import
    "search_engine.config",
    "search_engine.errors",
    "hardware_profiles.host_lock",
    "hardware_profiles.measure",
    "hardware_profiles.runtimes.onnx_sessions",
)


def shared_files(source: Path) -> list[str]:
    """The needed modules and those of our own that they import, as paths."""
    waiting, found = list(NEEDED), set[str]()
    while waiting:
        name = waiting.pop().replace(".", "/")
        file = f"{name}/__init__.py" if (source / name).is_dir() else f"{name}.py"
        if file in found or not (source / file).is_file():
            continue
        found.add(file)
        if not file.endswith("__init__.py"):  # those of packages import on use
            waiting += _imported(ast.parse((source / file).read_text(encoding="utf-8")))
    return sorted(found)


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules that a file may import from our packages."""
    for node in ast.walk(tree):
        module = (isinstance(node, ast.ImportFrom) and node.module) or ""
        if module.split(".")[0] in ("hardware_profiles", "search_engine"):
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def copy_shared(target: Path) -> list[str]:
    """Copy the shared files below a folder; returns where they are now."""
    source = HERE / "shared" if (HERE / "shared").is_dir() else HERE.parent
    copied = []
    for name in shared_files(source):
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
