"""The NAS-Bench-201 table against facts that were published or counted independently."""

import re
from collections import Counter
from typing import get_args

import numpy as np
import pytest

from search_engine.datasets.digits import Digits
from search_engine.errors import DatasetError, EvaluationError
from search_engine.evaluators.tabular import FILE, Column, Table, Tabular, TabularConfig
from search_engine.loading import load_space
from search_engine.protocols import Evaluation, SilentMonitor
from tests.search_engine.benchmark_data import require
from tests.search_engine.networks import mbconv


@pytest.fixture
def evaluator():
    """The default column."""
    require(Tabular)
    return Tabular(TabularConfig())


@pytest.fixture(scope="module")
def space():
    """The benchmark's own space: CIFAR-10 images, 10 classes."""
    return load_space("nasbench201")


@pytest.fixture(scope="module")
def rows():
    """The file itself, in its own row order."""
    require(Tabular)
    with np.load(FILE.verified()) as archive:
        return {key: archive[key] for key in ("arch_str", "ops", "op_names", *get_args(Column))}


def look_up(evaluator, network):
    return evaluator.evaluate(network, seed=0, monitor=SilentMonitor())


def genes_of(arch_str, names):
    """Op indices of the official string, by edge (0-1), (0-2), (1-2), (0-3), (1-3), (2-3)."""
    return tuple(list(names).index(name) for name in re.findall(r"\|?([a-z0-9_]+)~\d", arch_str))


def test_the_cell_of_the_official_string_has_the_rows_value(evaluator, space, rows):
    for row in np.random.default_rng(0).integers(0, 15_625, 40):
        genes = genes_of(str(rows["arch_str"][row]), rows["op_names"])
        evaluation = look_up(evaluator, space.decode(genes))
        assert evaluation.metrics == {"accuracy": float(rows["val12_c10"][row]) / 100}
        assert evaluation.origin == "looked_up"


def test_genes_index_the_choices_of_the_space_as_the_table_does(space, rows):
    assert [variable.choices for variable in space.variables] == [tuple(rows["op_names"])] * 6


def test_the_default_column_is_a_validation_column():
    assert TabularConfig().column == "val12_c10"


@pytest.mark.parametrize(
    ("column", "best", "row"),
    [
        ("test200_c10", 0.943733, 6111),
        ("test200_c100", 0.735133, 9930),
        ("val200_c10", 0.916067, 6111),
    ],
)
def test_the_best_cells_are_the_known_ones(column, best, row, rows):
    classes = 100 if column.endswith("c100") else 10
    network = load_space("nasbench201", classes=classes).decode(tuple(rows["ops"][row].tolist()))
    evaluator = Tabular(TabularConfig(column=column))
    assert evaluator.classes == classes
    accuracy = look_up(evaluator, network).metrics["accuracy"]
    assert accuracy == pytest.approx(best, abs=1e-6)
    every = evaluator._table.accuracy(rows["ops"].astype(np.int64))
    assert every.max() == accuracy
    assert int(every.argmax()) == row


@pytest.mark.parametrize("column", get_args(Column))
def test_every_column_holds_a_fraction_for_every_cell(column, rows):
    table = Tabular(TabularConfig(column=column))._table
    accuracy = table.accuracy(rows["ops"].astype(np.int64))
    assert np.allclose(accuracy, rows[column] / 100)
    assert 0 < accuracy.min() < accuracy.max() < 1


def test_many_at_once_give_what_each_gives_alone(evaluator, space):
    rng = np.random.default_rng(1)
    networks = [space.decode(space.sample(rng)) for _ in range(30)]
    assert evaluator.evaluate_many(networks) == [look_up(evaluator, n) for n in networks]
    assert evaluator.evaluate_many([]) == []


def test_one_that_cannot_be_scored_does_not_spoil_the_others(evaluator, space):
    good = space.decode((3, 3, 3, 3, 3, 3))
    results = evaluator.evaluate_many([good, mbconv(), good])
    assert Counter(type(result) for result in results) == {Evaluation: 2, EvaluationError: 1}
    assert "nasbench201" in str(results[1])
    assert results[0] == results[2] == look_up(evaluator, good)


def test_another_space_is_refused_and_the_right_one_named(evaluator):
    with pytest.raises(EvaluationError, match="'nasbench201' only"):
        look_up(evaluator, mbconv(shape=(3, 32, 32)))


def test_the_same_cells_on_other_images_are_refused(evaluator):
    network = load_space("nasbench201", input_shape=(1, 8, 8)).decode((1, 2, 3, 4, 0, 1))
    with pytest.raises(EvaluationError, match="10 classes of 3x32x32 images"):
        look_up(evaluator, network)


def test_a_cifar_100_column_wants_100_classes(space):
    require(Tabular)
    evaluator = Tabular(TabularConfig(column="test200_c100"))
    with pytest.raises(EvaluationError, match="100 classes"):
        look_up(evaluator, space.decode((3, 3, 3, 3, 3, 3)))


def test_a_cell_without_a_value_is_an_error_not_a_nan(evaluator, space):
    percent = np.full(5**6, 90.0)
    percent[0] = np.nan  # the cell of all zeros
    evaluator.__dict__["_table"] = Table(percent)
    assert look_up(evaluator, space.decode((1, 0, 0, 0, 0, 0))).metrics["accuracy"] == 0.9
    with pytest.raises(EvaluationError, match=r"no value for cell \[0, 0, 0, 0, 0, 0\]"):
        look_up(evaluator, space.decode((0, 0, 0, 0, 0, 0)))


def test_without_the_file_it_says_so_before_and_when_asked(monkeypatch, space):
    monkeypatch.delenv("NASWEB_DATA", raising=False)
    assert "NASWEB_DATA" in Tabular.available()
    with pytest.raises(DatasetError, match="NASWEB_DATA"):
        look_up(Tabular(TabularConfig()), space.decode((3, 3, 3, 3, 3, 3)))


def test_a_data_set_is_not_needed_and_changes_nothing(space):
    require(Tabular)
    network = space.decode((3, 2, 1, 0, 4, 3))
    with_data = Tabular(TabularConfig(), Digits())
    assert look_up(with_data, network) == look_up(Tabular(TabularConfig()), network)
