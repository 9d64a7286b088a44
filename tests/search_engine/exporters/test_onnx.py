"""ONNX files: they compute what PyTorch computes, describe themselves and stand alone."""

import json
import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from search_engine.datasets.digits import Digits
from search_engine.errors import ConfigError, ExportError
from search_engine.evaluators.short_training import ShortTraining, ShortTrainingConfig
from search_engine.exporters.onnx import OnnxConfig, OnnxExporter
from search_engine.exporters.onnx_file import TOLERANCE, export_model, verify
from search_engine.nn.builder import build
from search_engine.protocols import SilentMonitor
from search_engine.seeding import seed_torch
from tests.search_engine.networks import mbconv


@pytest.fixture(scope="module")
def trained():
    """A network with trained weights, so that batch norms have seen data."""
    network = mbconv()
    evaluator = ShortTraining(ShortTrainingConfig(epochs=3), Digits())
    return network, evaluator.evaluate(network, seed=0, monitor=SilentMonitor()).state


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    """(path, facts) of an exported file, with the facts of its data set in it."""
    network, state = trained
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    facts = OnnxExporter(OnnxConfig()).export(
        network, state, path, facts={**Digits().deployment_facts(), "metrics": {"accuracy": 0.97}}
    )
    return path, facts


def module_of(network, state):
    module = build(network)
    module.load_state_dict(state)
    return module.eval()


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("batch", [1, 2, 33, 297])
def test_onnx_runtime_predicts_what_pytorch_predicts(trained, exported, batch):
    x = Digits().load("val").x[:batch]
    (logits,) = session(exported[0]).run(["logits"], {"input": x})
    with torch.no_grad():
        expected = module_of(*trained)(torch.tensor(x)).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    assert (logits.argmax(1) == expected.argmax(1)).all()


def test_the_facts_say_what_was_checked(exported, trained):
    path, facts = exported
    assert facts == json.loads(json.dumps(facts))
    assert 0 <= facts["max_rel_diff"] <= TOLERANCE == facts["tolerance"]
    assert 0 <= facts["max_abs_diff"] <= 1e-4
    assert 1 in facts["batches_checked"]
    assert max(facts["batches_checked"]) > 1
    assert facts["opset"] == onnx.load(path).opset_import[0].version == 18
    assert facts["bytes"] == path.stat().st_size
    assert facts["digest"] == trained[0].digest
    assert facts["inputs"] == [{"name": "input", "shape": ["batch", 1, 8, 8], "dtype": "float32"}]
    assert facts["outputs"] == [{"name": "logits", "shape": ["batch", 10], "dtype": "float32"}]


def test_a_deployer_finds_in_the_file_how_to_feed_it_and_what_it_says(exported, trained):
    path, _ = exported
    described = session(path).get_modelmeta().custom_metadata_map
    found = {key: json.loads(value) for key, value in described.items()}
    rule = found["normalisation"]
    raw = Digits.pixels("train", Digits().rows("test")[1])
    x = ((raw / rule["scale"] - rule["mean"][0]) / rule["std"][0]).astype(np.float32)
    (logits,) = session(path).run(None, {"input": x})
    with torch.no_grad():
        expected = module_of(*trained)(torch.tensor(Digits().load("test").x))
    assert (logits.argmax(1) == expected.argmax(1).numpy()).mean() >= 0.998  # ties may round
    assert found["class_names"] == list("0123456789")
    assert found["metrics"] == {"accuracy": 0.97}
    assert found["digest"] == trained[0].digest
    assert found["params"] == trained[0].params


def test_the_file_stands_alone_and_tells_nothing_about_this_machine(exported):
    path, _ = exported
    assert [file.name for file in path.parent.iterdir()] == ["model.onnx"]
    content = path.read_bytes()
    assert str(path.parents[2]).encode() not in content
    assert b"site-packages" not in content
    assert b".py" not in content
    assert b"stack_trace" not in content


@pytest.mark.parametrize("opset", [18, 20, 23])
def test_operator_sets(trained, tmp_path, opset):
    facts = OnnxExporter(OnnxConfig(opset=opset)).export(*trained, tmp_path / "m.onnx")
    assert facts["opset"] == onnx.load(tmp_path / "m.onnx").opset_import[0].version == opset
    assert session(tmp_path / "m.onnx").run(None, {"input": np.zeros((3, 1, 8, 8), np.float32)})


@pytest.mark.parametrize("opset", [17, 24, "new"])
def test_an_operator_set_out_of_range_is_refused(opset):
    with pytest.raises(ConfigError, match="opset"):
        OnnxConfig.parse({"opset": opset})


def test_the_exporter_is_quiet(trained, tmp_path, capfd, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OnnxExporter(OnnxConfig()).export(*trained, tmp_path / "m.onnx")
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_weights_of_another_network_are_refused_and_nothing_is_written(trained, tmp_path):
    with pytest.raises(ExportError, match="not of this network"):
        OnnxExporter(OnnxConfig()).export(mbconv(blocks=3), trained[1], tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_disagrees_is_not_offered(trained, tmp_path):
    network, state = trained
    broken = {name: tensor.clone() for name, tensor in state.items()}
    broken["n0.conv.weight"][0, 0, 0, 0] = float("nan")  # NaN agrees with nothing
    old = tmp_path / "m.onnx"
    old.write_bytes(b"what was there before")
    with pytest.raises(ExportError, match="differs from PyTorch by nan"):
        OnnxExporter(OnnxConfig()).export(network, broken, old)
    assert old.read_bytes() == b"what was there before"
    assert list(tmp_path.iterdir()) == [old]


def test_verification_notices_other_weights(trained, exported):
    network, state = trained
    other = {name: tensor.clone() for name, tensor in state.items()}
    other["n11.linear.bias"] += 1e-2
    with pytest.raises(ExportError, match=r"differs from PyTorch by 0\.01"):
        verify(exported[0], module_of(network, other), {"input": (1, 8, 8)})


def test_a_file_that_is_no_model_is_refused(trained, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no model")
    with pytest.raises(ExportError, match="not valid"):
        verify(tmp_path / "m.onnx", module_of(*trained), {"input": (1, 8, 8)})


def test_a_folder_that_is_not_there_is_named(trained, tmp_path):
    with pytest.raises(ExportError, match=r"there is no folder .*no such folder"):
        OnnxExporter(OnnxConfig()).export(*trained, tmp_path / "no such folder" / "m.onnx")


def test_a_path_that_cannot_be_written_is_named(trained, tmp_path):
    (tmp_path / "m.onnx").mkdir()
    with pytest.raises(ExportError, match=r"m\.onnx cannot be written"):
        OnnxExporter(OnnxConfig()).export(*trained, tmp_path / "m.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize(
    ("facts", "word"),
    [({"digest": "mine"}, "digest"), ({"when": object()}, "JSON")],
    ids=["hides what the file says itself", "is not JSON"],
)
def test_a_fact_that_cannot_be_stored_is_refused(trained, tmp_path, facts, word):
    with pytest.raises(ExportError, match=word):
        OnnxExporter(OnnxConfig()).export(*trained, tmp_path / "m.onnx", facts=facts)
    assert not list(tmp_path.iterdir())


def test_an_untrained_module_can_be_written_for_measuring(tmp_path):
    with seed_torch(0):
        module = build(mbconv())
    export_model(module, (1, 8, 8), tmp_path / "m.onnx")
    assert verify(tmp_path / "m.onnx", module, {"input": (1, 8, 8)}).relative <= TOLERANCE
