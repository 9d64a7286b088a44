"""Fashion-MNIST from a local file: complete, or a class-balanced subset for quick search."""

import numpy as np
from numpy.typing import NDArray

from search_engine.datasets.images import FileDataset
from search_engine.datasets.location import DataFile

FILE = DataFile(
    "vision/fashion_mnist.npz",
    30_869_925,
    "5b6d2c4c694a91887af8ab7d039c04f80af3c29378d731c93a538d2e831aa469",
)


class FashionMnist(FileDataset):
    """70,000 grey images of 28x28 pixels; 50,000 train and 10,000 val, the official 10,000 test.

    Source: Xiao et al., arXiv 1708.07747.
    """

    key = "fashion-mnist"
    file = FILE
    input_shape = (1, 28, 28)
    classes = 10
    class_names = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    full_sizes = (50_000, 10_000, 10_000)
    pixel_scale = 255.0

    @classmethod
    def pixels(cls, pool: str, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        with np.load(cls.file.verified()) as archive:
            return np.asarray(archive[f"x_{pool}"], np.uint8)[rows, None]


class FashionMnistMini(FashionMnist):
    """5,000 train, 1,000 val and 2,000 test images: minutes instead of hours on a CPU."""

    key = "fashion-mnist-mini"

    def __init__(self) -> None:
        super().__init__((5_000, 1_000, 2_000))
