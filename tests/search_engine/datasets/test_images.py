"""Splits and standardisation that image data sets share."""

import hashlib

import numpy as np
import pytest

from search_engine.datasets.cifar10 import Cifar10, Cifar10Mini
from search_engine.datasets.digits import Digits
from search_engine.datasets.fashion_mnist import FashionMnist, FashionMnistMini
from search_engine.datasets.images import Normalisation
from search_engine.errors import DatasetError
from tests.search_engine.benchmark_data import require


def test_normalisation_is_that_of_the_raw_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (50, 3, 6, 5)).astype(np.uint8)
    fitted = Normalisation.fit(pixels, 255.0)
    scaled = pixels / 255.0
    np.testing.assert_allclose(fitted.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(fitted.std, scaled.std(axis=(0, 2, 3)), rtol=1e-9)
    x = fitted.apply(pixels)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_a_deployer_can_repeat_the_normalisation_from_the_facts():
    facts = Digits().deployment_facts()
    raw = Digits.pixels("train", Digits().rows("test")[1])[:20]
    rule = facts["normalisation"]
    x = (raw / rule["scale"] - np.reshape(rule["mean"], (-1, 1, 1))) / np.reshape(
        rule["std"], (-1, 1, 1)
    )
    np.testing.assert_allclose(x, Digits().load("test").x[:20], atol=1e-5)
    assert facts["class_names"] == list("0123456789")


def test_digits_are_always_split_in_the_same_way():
    """Pinned: accuracies stored by older versions stay comparable."""
    digest = hashlib.sha256()
    for split in ("train", "val", "test"):
        digest.update(Digits().rows(split)[1].astype("<i8").tobytes())
    assert digest.hexdigest()[:16] == "fde3a00b502d7179"


@pytest.mark.parametrize(
    "subset", [(1001, 297, 500), (1000, 297, 5), (1000, 297), (0, 0, 0), (-5, 100, 100)]
)
def test_a_subset_that_does_not_fit_is_refused(subset):
    with pytest.raises(DatasetError, match="1000, 297, 500"):
        Digits(subset)


def test_a_subset_is_stratified_and_stays_within_its_split():
    small, full = Digits((200, 100, 100)), Digits()
    for split in ("train", "val", "test"):
        assert set(small.rows(split)[1]) < set(full.rows(split)[1])
    counts = np.bincount(small.load("train").y)
    assert counts.min() >= 19
    assert counts.max() <= 21


def test_a_subset_is_standardised_with_its_own_train_images():
    x = Digits((200, 100, 100)).load("train").x
    assert abs(float(x.mean())) < 1e-5
    assert abs(float(x.std()) - 1) < 1e-5


def test_loaded_arrays_cannot_be_changed_by_accident():
    split = Digits().load("train")
    with pytest.raises(ValueError, match="read-only"):
        split.x[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        split.y[0] = 0


@pytest.mark.parametrize("name", ["validation", "", None, "TRAIN"])
def test_an_unknown_split_is_an_error_that_lists_the_known(name):
    with pytest.raises(DatasetError, match="train, val, test"):
        Digits().load(name)


@pytest.mark.parametrize(
    ("mini", "full"), [(FashionMnistMini, FashionMnist), (Cifar10Mini, Cifar10)]
)
def test_a_mini_set_never_validates_on_images_that_the_full_set_trains_on(mini, full):
    require(mini)
    for split in ("train", "val", "test"):
        pool, rows = mini().rows(split)
        assert pool == full().rows(split)[0]
        assert set(rows) < set(full().rows(split)[1])


def test_fashion_mnist_is_the_published_one():
    require(FashionMnist)
    everything = np.arange(60_000)
    fitted = Normalisation.fit(FashionMnist.pixels("train", everything), 255.0)
    assert fitted.mean[0] == pytest.approx(0.2860, abs=5e-5)
    assert fitted.std[0] == pytest.approx(0.3530, abs=5e-5)
    assert np.bincount(FashionMnist.labels("train")).tolist() == [6000] * 10
    assert np.bincount(FashionMnist.labels("test")).tolist() == [1000] * 10


def test_cifar10_images_are_decoded_in_colour_and_upright():
    require(Cifar10)
    with np.load(Cifar10.file.verified()) as archive:
        assert tuple(archive["class_names"]) == Cifar10.class_names
    small = Cifar10.file.verified().with_name("cifar10_small.npz")
    if not small.exists():
        pytest.skip(f"{small} holds the decoded images to compare with")
    with np.load(small) as archive:
        expected = archive["x_train"][:100].transpose(0, 3, 1, 2).astype(int)
    decoded = Cifar10.pixels("train", np.arange(100)).astype(int)
    assert np.abs(decoded - expected).max() <= 3  # JPEG decoders may round differently


def test_missing_files_are_noticed_although_the_data_were_loaded_before(monkeypatch):
    require(FashionMnistMini)
    FashionMnistMini().load("val")
    monkeypatch.setenv("NASWEB_DATA", "/nowhere")
    assert "/nowhere" in FashionMnistMini.available()
    with pytest.raises(DatasetError, match="NASWEB_DATA"):
        FashionMnistMini().load("val")
