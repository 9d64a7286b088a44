"""CIFAR-10 from a local file of JPEG bytes: complete, or a subset for quick search."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from search_engine.datasets.images import FileDataset
from search_engine.datasets.location import DataFile
from search_engine.errors import DatasetError

FILE = DataFile(
    "vision/cifar10_jpeg.npz",
    18_387_027,
    "d1d4312046429cae1a023aec54beba977f9ed96139991eb004a69a72cbaea695",
)


class Cifar10(FileDataset):
    """60,000 colour images of 32x32 pixels; 45,000 train and 5,000 val, the official 10,000 test.

    The file holds JPEG images of quality 75, not the original pixels: accuracies come out a
    little below published ones and must not be compared with them to the decimal.

    Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.
    """

    key = "cifar10"
    file = FILE
    input_shape = (3, 32, 32)
    classes = 10
    class_names = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    full_sizes = (45_000, 5_000, 10_000)
    pixel_scale = 255.0

    @classmethod
    def pixels(cls, pool: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        with np.load(cls.file.verified()) as archive:
            jpeg, offsets = archive[f"jpeg_{pool}"], archive[f"offset_{pool}"]
        images = np.empty((len(rows), *cls.input_shape), np.uint8)
        for place, row in enumerate(rows):
            images[place] = _decode(jpeg[offsets[row] : offsets[row + 1]].tobytes())
        return images


def _decode(data: bytes) -> NDArray[np.uint8]:
    """RGB pixels of one JPEG image, shape (3, H, W)."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    except (UnidentifiedImageError, OSError) as error:
        raise DatasetError(f"An image of {FILE.path} cannot be decoded: {error}.") from error


class Cifar10Mini(Cifar10):
    """5,000 train, 1,000 val and 2,000 test images: minutes instead of hours on a CPU."""

    key = "cifar10-mini"

    def __init__(self) -> None:
        super().__init__((5_000, 1_000, 2_000))
