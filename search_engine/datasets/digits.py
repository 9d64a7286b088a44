"""Digits: the 8x8 hand-written digits that ship with scikit-learn."""

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from search_engine.datasets.images import ImageDataset
from search_engine.errors import DatasetError

# Of the pixels, then the classes, one byte each.
SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


class Digits(ImageDataset):
    """1,797 grey images of 8x8 pixels with 17 levels; 1,000 train, 297 val, 500 test.

    Source: Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998 (its test
    part), as shipped by scikit-learn.
    """

    key = "digits"
    input_shape = (1, 8, 8)
    classes = 10
    class_names = tuple("0123456789")
    full_sizes = (1000, 297, 500)
    pixel_scale = 16.0
    has_test_pool = False

    @classmethod
    def available(cls) -> str:
        return ""

    @classmethod
    def checksum(cls) -> str:
        return SHA256

    @classmethod
    def source(cls) -> str:
        _raw()
        return "scikit-learn"

    @classmethod
    def labels(cls, pool: str) -> NDArray[np.int64]:
        return _raw()[1].astype(np.int64)

    @classmethod
    def pixels(cls, pool: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return _raw()[0][rows]


@lru_cache(maxsize=1)
def _raw() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - listing stays quick

    raw = load_digits()
    pixels, labels = raw.images[:, None].astype(np.uint8), raw.target.astype(np.uint8)
    actual = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    if actual != SHA256:
        raise DatasetError(
            f"The digits of this scikit-learn have SHA-256 {actual}, expected {SHA256}; "
            "install the version that requirements.txt names."
        )
    return pixels, labels
