"""What README.md tells people to type works."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_python_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    short = code.replace("max_trials=30", "max_trials=1")
    assert short != code
    exec(compile(short, "README.md", "exec"), {})
    output = capsys.readouterr().out
    assert output.count("TrialFinished(") == 1
    assert "SearchFinished(reason='max_trials'" in output


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md", "docker/kubernetes.md"])
def test_links_lead_somewhere(document):
    file = ROOT / document
    for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text()):
        assert (file.parent / target).exists(), target


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md"])
def test_every_variable_that_is_explained_is_read(document):
    code = "".join(
        path.read_text()
        for folder in ("nasweb", "experiments", "hardware_profiles", "search_engine")
        for path in (ROOT / folder).rglob("*.py")
    )
    from nasweb.env import Environment

    fields = {f"NASWEB_{name.upper()}" for name in Environment.model_fields}
    for name in set(re.findall(r"NASWEB_[A-Z_]+", (ROOT / document).read_text())):
        assert name in fields or f'"{name}"' in code, name
