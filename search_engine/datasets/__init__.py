"""Data sets: one file each; this table is the only list of them."""

from search_engine.protocols import Dataset
from search_engine.registry import Entry, Registry

DATASETS: Registry[Dataset] = Registry(
    "data set",
    Entry(
        "digits",
        "Digits 8x8",
        "search_engine.datasets.digits:Digits",
        "1,797 grey 8x8 images, 10 classes; ships with scikit-learn.",
        "Alpaydin and Kaynak, UCI, 1998",
    ),
    Entry(
        "fashion-mnist",
        "Fashion-MNIST",
        "search_engine.datasets.fashion_mnist:FashionMnist",
        "70,000 grey 28x28 images, 10 classes; from a local file.",
        "Xiao et al., arXiv 1708.07747",
        needs=("NASWEB_DATA",),
    ),
    Entry(
        "fashion-mnist-mini",
        "Fashion-MNIST, 8,000 images",
        "search_engine.datasets.fashion_mnist:FashionMnistMini",
        "Class-balanced subset of 5,000 train, 1,000 val and 2,000 test images; quick search.",
        "Xiao et al., arXiv 1708.07747",
        needs=("NASWEB_DATA",),
    ),
    Entry(
        "cifar10",
        "CIFAR-10",
        "search_engine.datasets.cifar10:Cifar10",
        "60,000 colour 32x32 images, 10 classes; from a local file.",
        "Krizhevsky, 2009",
        needs=("NASWEB_DATA",),
    ),
    Entry(
        "cifar10-mini",
        "CIFAR-10, 8,000 images",
        "search_engine.datasets.cifar10:Cifar10Mini",
        "Class-balanced subset of 5,000 train, 1,000 val and 2,000 test images; quick search.",
        "Krizhevsky, 2009",
        needs=("NASWEB_DATA",),
    ),
)
