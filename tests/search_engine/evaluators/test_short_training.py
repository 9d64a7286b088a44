"""Short training of real networks on real images."""

import math

import numpy as np
import pytest
import torch

from search_engine.datasets.digits import Digits
from search_engine.errors import EvaluationError, Interrupted
from search_engine.evaluators.short_training import ShortTraining, ShortTrainingConfig
from search_engine.loading import load_space
from search_engine.network import NetworkDraft
from search_engine.nn.builder import build
from search_engine.protocols import SilentMonitor
from search_engine.training.trainer import Samples
from tests.search_engine.networks import mbconv

QUICK = ShortTrainingConfig(epochs=2)


def evaluate(network, config=QUICK, seed=0, monitor=None, checkpoint=None):
    return ShortTraining(config, Digits()).evaluate(
        network, seed=seed, monitor=monitor or SilentMonitor(), checkpoint=checkpoint
    )


@pytest.fixture(scope="module")
def trained():
    """A network of the default space and its evaluation with default settings."""
    space = load_space("mbconv-tiny")
    network = space.decode(space.sample(np.random.default_rng(3)))
    return network, evaluate(network, ShortTrainingConfig())


def test_the_defaults_bring_a_sampled_network_to_95_percent_on_digits(trained):
    _, evaluation = trained
    assert evaluation.metrics["accuracy"] >= 0.95
    assert evaluation.origin == "measured"


def test_the_score_is_the_last_epochs_validation_accuracy_with_its_standard_error(trained):
    _, evaluation = trained
    accuracy = evaluation.metrics["accuracy"]
    assert accuracy == evaluation.curve[-1].val_accuracy
    assert evaluation.details["n"] == 297
    assert evaluation.details["standard_error"] == pytest.approx(
        math.sqrt(accuracy * (1 - accuracy) / 297)
    )
    assert evaluation.details["split"] == "val"
    assert evaluation.details["steps"] == 6 * 16
    assert len(evaluation.curve) == 6


def test_the_weights_give_that_accuracy_again_in_a_new_module(trained):
    network, evaluation = trained
    module = build(network)
    module.load_state_dict(evaluation.state)
    val = Samples.of(Digits().load("val"))
    with torch.no_grad():
        predicted = module.eval()(val.x).argmax(1)
    assert float((predicted == val.y).float().mean()) == pytest.approx(
        evaluation.metrics["accuracy"]
    )
    assert all(tensor.is_contiguous() for tensor in evaluation.state.values())


def test_the_score_holds_on_images_that_nobody_chose_by(trained):
    network, evaluation = trained
    module = build(network)
    module.load_state_dict(evaluation.state)
    test = Samples.of(Digits().load("test"))
    with torch.no_grad():
        predicted = module.eval()(test.x).argmax(1)
    assert float((predicted == test.y).float().mean()) >= 0.92


def test_seed_and_architecture_decide_the_weights():
    first, again = evaluate(mbconv()), evaluate(mbconv())
    assert first.metrics == again.metrics
    for name, tensor in first.state.items():
        assert torch.equal(tensor, again.state[name]), name
    other = evaluate(mbconv(), seed=1)
    assert not torch.equal(first.state["n0.conv.weight"], other.state["n0.conv.weight"])


def test_an_interrupted_evaluation_goes_on_to_the_same_result():
    class StopInSecondEpoch(SilentMonitor):
        left = 25

        def batch(self):
            self.left -= 1
            if not self.left:
                raise Interrupted("pause")

    with pytest.raises(Interrupted) as caught:
        evaluate(mbconv(), monitor=StopInSecondEpoch())
    assert caught.value.reason == "pause"
    assert caught.value.checkpoint.epoch == 1
    resumed = evaluate(mbconv(), checkpoint=caught.value.checkpoint)
    straight = evaluate(mbconv())
    assert resumed.metrics == straight.metrics
    assert resumed.details["steps"] == straight.details["steps"]
    for name, tensor in straight.state.items():
        assert torch.equal(tensor, resumed.state[name]), name


@pytest.mark.parametrize(
    "network", [mbconv(shape=(3, 8, 8)), mbconv(shape=(1, 16, 16)), mbconv(classes=7)]
)
def test_a_network_for_other_data_is_refused_with_both_shapes(network):
    shape = "x".join(map(str, network.inputs[0].shape))
    with pytest.raises(EvaluationError, match=rf"{shape} to \d+, the data set needs 1x8x8 to 10"):
        evaluate(network)


def test_a_network_with_two_outputs_is_refused():
    draft = NetworkDraft((1, 8, 8))
    heads = [draft.add("head", draft.input, outputs=10) for _ in range(2)]
    with pytest.raises(EvaluationError, match="10, 10"):
        evaluate(draft.finish(*heads))


def test_without_a_data_set_it_says_what_to_do():
    with pytest.raises(EvaluationError, match="choose one"):
        ShortTraining(QUICK, None)
