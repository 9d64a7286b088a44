"""What image data sets share: fixed stratified splits, standardisation, one copy per process."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from search_engine.datasets.location import DataFile
from search_engine.errors import DatasetError
from search_engine.network import Shape
from search_engine.protocols import Split

SplitName = Literal["train", "val", "test"]
Sizes = tuple[int, int, int]
SPLITS: tuple[SplitName, ...] = ("train", "val", "test")
SPLIT_SEED = 0


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How a raw pixel becomes network input, per channel: `(pixel / scale - mean) / std`."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def fit(cls, pixels: NDArray[np.uint8], scale: float) -> Self:
        """Mean and standard deviation per channel of raw pixels, shape (n, C, H, W)."""
        mean = pixels.mean(axis=(0, 2, 3), dtype=np.float64)
        # 16-bit squares: a float64 copy of all pixels would take a gigabyte for CIFAR-10.
        square = np.square(pixels, dtype=np.uint16).mean(axis=(0, 2, 3), dtype=np.float64)
        std = np.sqrt(square - mean**2)
        return cls(scale, tuple((mean / scale).tolist()), tuple((std / scale).tolist()))

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Standardised float32 copy of raw pixels, shape (n, C, H, W)."""
        mean = np.asarray(self.mean, np.float32).reshape(-1, 1, 1)
        std = np.asarray(self.std, np.float32).reshape(-1, 1, 1)
        x = pixels.astype(np.float32)
        x /= np.float32(self.scale)
        x -= mean
        x /= std
        return x


class ImageDataset(ABC):
    """A classification data set of images with three disjoint, stratified, fixed splits.

    Train and validation images come from one pool; a data set with an official test set draws
    its test split from there, others from the same pool. The split depends on the sizes only,
    never on a run's seed, so that all numbers of a data set can be compared.

    Args:
        subset: images of train, val and test, class-balanced as the data are; None = all.

    Raises:
        DatasetError: a subset is larger than the data or smaller than the number of classes.
    """

    key: ClassVar[str]
    input_shape: ClassVar[Shape]
    classes: ClassVar[int]
    class_names: ClassVar[tuple[str, ...]]
    full_sizes: ClassVar[Sizes]
    pixel_scale: ClassVar[float]
    has_test_pool: ClassVar[bool] = True

    def __init__(self, subset: Sizes | None = None) -> None:
        chosen = self.full_sizes if subset is None else tuple(subset)
        fits = len(chosen) == 3 and all(
            self.classes <= size <= full for size, full in zip(chosen, self.full_sizes, strict=True)
        )
        if not fits:
            raise DatasetError(
                f"Subset {chosen} of {self.key!r} does not fit: train, val and test take "
                f"{self.classes} images each at least and {self.full_sizes} at most."
            )
        self._sizes: Sizes = (chosen[0], chosen[1], chosen[2])

    @classmethod
    @abstractmethod
    def available(cls) -> str:
        """Empty if the data can be loaded, else what is missing and what to do; quick."""

    @classmethod
    @abstractmethod
    def checksum(cls) -> str:
        """SHA-256 that the raw data are checked against, known without loading them."""

    @classmethod
    @abstractmethod
    def source(cls) -> str:
        """Where the raw data are, after a check. DatasetError when missing or damaged."""

    @classmethod
    @abstractmethod
    def labels(cls, pool: str) -> NDArray[np.int64]:
        """Class of every raw image of a pool: `train`, or `test` if there is an official one."""

    @classmethod
    @abstractmethod
    def pixels(cls, pool: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Raw images of a pool, shape (rows, C, H, W)."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Images per split, known without loading."""
        return dict(zip(SPLITS, self._sizes, strict=True))

    @property
    def normalisation(self) -> Normalisation:
        """Fitted on the train split. DatasetError as for `load`."""
        return _load(type(self), self._sizes, self.source(), "train")[1]

    def rows(self, split: SplitName) -> tuple[str, NDArray[np.int64]]:
        """Pool and raw rows of a split, ascending."""
        return _rows(type(self), self._sizes, self.source())[split]

    def load(self, split: str) -> Split:
        """Images and classes of `train`, `val` or `test`; arrays are shared and read-only.

        Raises:
            DatasetError: no such split, or files are missing or damaged.
        """
        if split not in SPLITS:
            raise DatasetError(f"No split named {split!r:.80}. Known: {', '.join(SPLITS)}.")
        return _load(type(self), self._sizes, self.source(), split)[0]

    def deployment_facts(self) -> dict[str, Any]:
        """What a user of the trained network must know: data set, classes, normalisation."""
        return {
            "dataset": self.key,
            "class_names": list(self.class_names),
            "normalisation": asdict(self.normalisation),
        }


class FileDataset(ImageDataset):
    """An image data set in one npz file below `NASWEB_DATA`, classes as `y_train` and `y_test`."""

    file: ClassVar[DataFile]

    @classmethod
    def available(cls) -> str:
        return cls.file.missing()

    @classmethod
    def checksum(cls) -> str:
        return cls.file.sha256

    @classmethod
    def source(cls) -> str:
        return str(cls.file.verified())

    @classmethod
    def labels(cls, pool: str) -> NDArray[np.int64]:
        with np.load(cls.file.verified()) as archive:
            return np.asarray(archive[f"y_{pool}"], np.int64)


@lru_cache(maxsize=16)
def _rows(
    cls: type[ImageDataset],
    sizes: Sizes,
    source: str,  # a key of the cache only
) -> dict[str, tuple[str, NDArray[np.int64]]]:
    pools = ("train", "train", "test" if cls.has_test_pool else "train")
    labels = {pool: cls.labels(pool) for pool in set(pools)}
    everything = np.arange(len(labels["train"]))
    if cls.has_test_pool:
        full = _draw(labels["train"], everything, cls.full_sizes[:2])
        full.append(np.arange(len(labels["test"])))
    else:
        full = _draw(labels["train"], everything, cls.full_sizes)
    # Subsets thin the full splits, so that no subset's val or test meets another's train.
    return {
        name: (pool, _draw(labels[pool], rows, (size,))[0])
        for name, pool, rows, size in zip(SPLITS, pools, full, sizes, strict=True)
    }


def _draw(
    labels: NDArray[np.int64], rows: NDArray[np.int64], sizes: tuple[int, ...]
) -> list[NDArray[np.int64]]:
    """Disjoint stratified samples of `rows`; scikit-learn's generator is frozen across versions."""
    from sklearn.model_selection import train_test_split  # noqa: PLC0415 - listing stays quick

    parts: list[NDArray[np.int64]] = []
    for size in sizes:
        if size == len(rows):
            part, rows = rows, rows[:0]
        else:
            part, rows = train_test_split(
                rows, train_size=size, random_state=SPLIT_SEED, stratify=labels[rows]
            )
        parts.append(np.sort(part))
    return parts


@lru_cache(maxsize=6)
def _load(
    cls: type[ImageDataset], sizes: Sizes, source: str, split: str
) -> tuple[Split, Normalisation]:
    pool, rows = _rows(cls, sizes, source)[split]
    pixels = cls.pixels(pool, rows)
    if split == "train":
        normalisation = Normalisation.fit(pixels, cls.pixel_scale)
    else:
        normalisation = _load(cls, sizes, source, "train")[1]
    x, y = normalisation.apply(pixels), cls.labels(pool)[rows]
    x.setflags(write=False)
    y.setflags(write=False)
    return Split(x, y), normalisation
