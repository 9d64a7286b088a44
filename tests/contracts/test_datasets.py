"""What every registered data set promises."""

import json
import subprocess
import sys

import numpy as np
import pytest

from search_engine.datasets import DATASETS
from tests.search_engine.benchmark_data import require

KEYS = DATASETS.keys()
LARGE_BYTES = 300e6  # as float32; above it only the split is checked, its mini set stands in


@pytest.fixture(scope="module", params=KEYS)
def dataset(request):
    """Each data set whose files are there."""
    cls = DATASETS.resolve(request.param)
    require(cls)
    return cls()


@pytest.fixture(scope="module")
def splits(dataset):
    """Its loaded splits by name."""
    size = 4 * np.prod(dataset.input_shape) * sum(dataset.sizes.values())
    if size > LARGE_BYTES:
        pytest.skip(f"{dataset.key} takes {size / 1e6:.0f} MB; {dataset.key}-mini stands in")
    return {name: dataset.load(name) for name in dataset.sizes}


@pytest.mark.parametrize("key", KEYS)
def test_facts_are_known_without_any_file(key, monkeypatch):
    monkeypatch.setenv("NASWEB_DATA", "/nowhere")
    dataset = DATASETS.resolve(key)()
    assert dataset.key == key
    assert list(dataset.sizes) == ["train", "val", "test"]
    assert len(dataset.class_names) == dataset.classes == len(set(dataset.class_names))
    assert all(side > 0 for side in dataset.input_shape)
    assert len(bytes.fromhex(dataset.checksum())) == 32
    assert isinstance(dataset.available(), str)
    assert bool(dataset.available()) == ("NASWEB_DATA" in DATASETS.entry(key).needs)


def test_arrays_have_the_shapes_and_types_that_the_facts_tell(dataset, splits):
    for name, split in splits.items():
        assert split.x.shape == (dataset.sizes[name], *dataset.input_shape)
        assert split.y.shape == (dataset.sizes[name],)
        assert split.x.dtype == np.float32
        assert split.y.dtype == np.int64
        assert np.isfinite(split.x).all()


def test_train_is_standardised_and_the_others_with_it(splits):
    np.testing.assert_allclose(splits["train"].x.mean(axis=(0, 2, 3)), 0, atol=1e-3)
    np.testing.assert_allclose(splits["train"].x.std(axis=(0, 2, 3)), 1, atol=1e-3)
    for name in ("val", "test"):
        assert np.abs(splits[name].x.mean(axis=(0, 2, 3))).max() < 0.1
        assert np.abs(splits[name].x.std(axis=(0, 2, 3)) - 1).max() < 0.1


def test_splits_are_disjoint_and_stratified(dataset):
    seen = {}
    for name, size in dataset.sizes.items():
        pool, rows = dataset.rows(name)
        assert len(rows) == len(set(rows.tolist())) == size
        for other, used in seen.get(pool, {}).items():
            assert not set(rows.tolist()) & used, (name, other)
        seen.setdefault(pool, {})[name] = set(rows.tolist())
        labels = dataset.labels(pool)
        share = np.bincount(labels[rows], minlength=dataset.classes) / size
        expected = np.bincount(labels, minlength=dataset.classes) / len(labels)
        assert np.abs(share - expected).max() <= 1 / size + 1e-9 + 0.002


def test_loading_twice_gives_the_same_arrays(dataset, splits):
    again = type(dataset)().load("val")
    assert again.x is splits["val"].x  # one copy per process
    assert again.y is splits["val"].y


def test_deployment_facts_survive_json(dataset, splits):
    facts = json.loads(json.dumps(dataset.deployment_facts()))
    assert facts["dataset"] == dataset.key
    assert len(facts["normalisation"]["mean"]) == dataset.input_shape[0]


def test_asking_what_is_available_loads_neither_torch_nor_scikit_learn():
    code = (
        "import sys\nfrom search_engine.datasets import DATASETS\n"
        "[DATASETS.resolve(key).available() for key in DATASETS.keys()]\n"
        "print([name for name in ('torch', 'sklearn') if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
