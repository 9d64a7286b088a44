"""Searches on devices that are not measured: tables and descriptions answer at once."""

from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command

from experiments.errors import StateConflict
from experiments.estimate import estimate
from experiments.models import Experiment, Trial
from experiments.services import jobs, lifecycle
from experiments.spec import check_spec, space_of
from hardware_profiles.models import FittedModel
from hardware_profiles.profiling.versions import state_of_predictor
from hardware_profiles.services import create_device
from hardware_profiles.tables.store import import_csv
from search_engine.costs.predictors.protocol import Evidence
from search_engine.costs.predictors.roofline import Roofline
from search_engine.errors import ConfigError
from search_engine.loading import load_space
from search_engine.spaces.nasbench201 import to_string
from tests.experiments.work import document, tabular, work_until_idle
from tests.search_engine.benchmark_data import shared_file

TINY = "nasbench201-tiny"
DESCRIPTION = {"peak_fp32_gflops": 48, "mem_bw_gbs": 12.8, "power_w": 6.4, "status": "partial"}
pytestmark = pytest.mark.django_db(transaction=True)


def csv_of(space, *, every=1, metric="ms"):
    """A made-up table: 1 ms and then the sum of the genes, for every n-th cell."""
    rows = ["arch,value,unit"]
    for index in range(0, space.size, every):
        genes = space.at(index)
        rows.append(f"{to_string(genes)},{1 + sum(genes)},{metric}")
    return "\n".join(rows).encode()


@pytest.fixture
def phone(db):
    """A table of a third of the small space's cells."""
    device = create_device(slug="phone", name="Phone", kind="table")
    space = load_space(TINY)
    import_csv(device=device, raw=csv_of(space, every=3), source="made up", space=space)
    return device


@pytest.fixture
def board(db):
    """A described device."""
    return create_device(slug="board", name="Board", kind="analytic", descriptor=DESCRIPTION)


def digits(metric="latency_ms", **changes):
    """A search that trains for an epoch, on the phone of the table if nothing else is said."""
    goals = [
        {"metric": "accuracy", "direction": "maximize"},
        {"metric": metric, "direction": "minimize"},
    ]
    settings = {"search_space": TINY, "devices": ["phone"], "objectives": goals, "constraints": []}
    return document(**{**settings, **changes})


def messages(data):
    with pytest.raises(ConfigError) as caught:
        check_spec(data)
    return caught.value.messages


def test_a_hardware_aware_search_on_a_real_table_is_done_in_place(alice):
    file = shared_file("nb201/nb201_hw.npz")
    call_command("import_nb201_hw", file, only="nb201-edgegpu", stdout=StringIO())
    data = tabular(
        devices=["nb201-edgegpu"],
        objectives=[
            {"metric": "accuracy", "direction": "maximize"},
            {"metric": "energy_mj", "direction": "minimize"},
        ],
        constraints=[{"metric": "latency_ms", "op": "<=", "value": 5.0}],
        strategy={"key": "nsga2", "config": {}},
        budget={"max_trials": 300},
    )
    experiment = run(alice, data)
    assert experiment.status == Experiment.Status.DONE
    done = experiment.trials.filter(status=Trial.Status.DONE)
    latency = {t.number: t.metrics["latency_ms"]["value"] for t in done}
    table, cells = np.load(file), np.load(str(file).replace("_hw", "_bench"))["ops"]
    places = {tuple(row): place for place, row in enumerate(cells.tolist())}
    for trial in done[:50]:
        place = places[tuple(trial.genes)]
        assert trial.metrics["latency_ms"]["value"] == table["hwnb_edgegpu_latency_ms"][place]
        assert trial.metrics["energy_mj"] == {
            "value": table["hwnb_edgegpu_energy_mj"][place],
            "unit": "mJ",
            "origin": "looked_up",
            "method": "table, import 1",
        }
    feasible = set(done.filter(feasible=True).values_list("number", flat=True))
    assert feasible == {number for number, value in latency.items() if value <= 5.0}
    assert experiment.trials.filter(on_front=True).exists()
    failed = experiment.trials.filter(status=Trial.Status.FAILED)
    assert all("no row for" in t.error or "does not trust" in t.error for t in failed)


def test_a_candidate_that_the_table_lacks_fails_with_what_is_missing_and_nearest(alice, phone):
    experiment = run(alice, digits(budget={"max_trials": 6}))
    failed = experiment.trials.filter(status=Trial.Status.FAILED)
    assert failed.exists(), "two thirds of the cells have no row"
    for trial in failed:
        assert "The table of phone has no row for" in trial.error
        assert "Nearest rows" in trial.error
    for trial in experiment.trials.filter(status=Trial.Status.DONE):
        assert trial.metrics["latency_ms"]["value"] == 1 + sum(trial.genes)
        assert trial.metrics["latency_ms"]["origin"] == "looked_up"


def test_what_is_over_a_looked_up_limit_is_not_trained(alice, phone):
    limit = [{"metric": "latency_ms", "op": "<=", "value": 9.0}]
    experiment = run(alice, digits(constraints=limit, budget={"max_trials": 10}))
    over = [t for t in experiment.trials.all() if t.details.get("not_trained")]
    assert over
    assert all(t.metrics["latency_ms"]["value"] > 9 and not t.feasible for t in over)
    assert all("accuracy" not in t.metrics and not t.curve for t in over)
    trained = experiment.trials.filter(metrics__has_key="accuracy")
    assert all(t.metrics["latency_ms"]["value"] <= 9 for t in trained)
    assert experiment.status == Experiment.Status.DONE


def test_a_described_device_gives_latency_and_energy_at_once(alice, board):
    goals = [
        {"metric": "accuracy", "direction": "maximize"},
        {"metric": "energy_mj", "direction": "minimize"},
    ]
    data = digits(devices=["board"], objectives=goals, budget={"max_trials": 2})
    experiment = run(alice, data)
    for trial in experiment.trials.all():
        latency, energy = trial.metrics["latency_ms"], trial.metrics["energy_mj"]
        assert (latency["origin"], latency["unit"], latency["method"]) == (
            "analytic",
            "ms",
            "roofline",
        )
        assert (energy["origin"], energy["unit"]) == ("analytic", "mJ")
        assert energy["value"] == pytest.approx(6.4 * latency["value"])


def test_a_second_device_is_told_beside_the_first(alice, phone, board):
    data = digits(devices=["board", "phone"], budget={"max_trials": 4})
    experiment = run(alice, data)
    space = load_space(TINY)
    listed = {space.at(index) for index in range(0, space.size, 3)}
    for trial in experiment.trials.all():
        assert trial.status == Trial.Status.DONE, "no objective needs the phone"
        assert trial.metrics["latency_ms"]["origin"] == "analytic"
        assert ("latency_ms@phone" in trial.metrics) == (tuple(trial.genes) in listed)


def test_a_failed_candidate_is_looked_up_again_when_the_table_is_whole(alice, phone):
    experiment = run(alice, digits(budget={"max_trials": 4}))
    assert experiment.trials.filter(status=Trial.Status.FAILED).exists()
    space = load_space(TINY)
    import_csv(device=phone, raw=csv_of(space), source="all of it", space=space)
    lifecycle.rerun_failed(experiment=experiment, by=alice)
    work_until_idle()
    for trial in experiment.trials.all():
        assert trial.status == Trial.Status.DONE
        assert trial.metrics["latency_ms"]["value"] == 1 + sum(trial.genes)


def test_a_metric_that_a_device_does_not_give_is_named_with_those_it_gives(phone, cpu):
    found = messages(digits("energy_mj"))
    text = "Device phone gives no energy_mj; it gives latency_ms."
    assert found == {"objectives.1.metric": [text]}
    found = messages(digits("energy_mj", devices=["local-cpu"]))
    assert found["objectives.1.metric"] == [text.replace("phone", "local-cpu")]


def test_a_table_of_another_space_or_image_size_is_refused(phone):
    found = messages(digits(search_space="mbconv-tiny"))
    assert f"holds {TINY} only" in found["devices.0"][0]
    space = load_space(TINY, input_shape=(3, 32, 32))
    import_csv(device=phone, raw=csv_of(space, every=3), source="made up", space=space)
    [text] = messages(digits())["devices.0"]
    assert "about inputs of 3x32x32, these networks take 1x8x8" in text


def test_a_limit_that_nothing_in_the_table_meets_is_refused_with_the_nearest(phone):
    limit = [{"metric": "latency_ms", "op": "<=", "value": 0.5}]
    [text] = messages(digits(constraints=limit))["constraints.0.value"]
    assert "None of 1,000 random architectures has latency_ms <= 0.500; the nearest has" in text


def test_an_estimate_knows_the_latencies_and_the_share_within_a_limit(phone):
    limit = [{"metric": "latency_ms", "op": "<=", "value": 12.0}]
    found = estimate(digits(constraints=limit))
    histogram = found["histograms"]["latency_ms"]
    assert histogram["origin"] == "looked_up"
    assert sum(histogram["counts"]) == pytest.approx(found["draws"] / 3, rel=0.5)
    space = load_space(TINY)
    cells = [space.at(index) for index in range(0, space.size, 3)]
    share = np.mean([1 + sum(cell) <= 12 for cell in cells]) / 3
    assert found["feasible_share"] == pytest.approx(share, abs=0.12)
    assert not any("measured during the search" in note for note in found["notes"])


def test_an_estimate_uses_the_fitted_model_of_a_device_that_measures(cpu):
    data = digits(devices=["local-cpu"])
    space = space_of(check_spec(data))
    rng = np.random.default_rng(0)
    networks = [space.decode(space.sample(rng)) for _ in range(30)]
    latency = np.array([0.1 + n.macs / 1e6 for n in networks])
    model = Roofline().fit(Evidence(networks, latency, facts={"descriptor": DESCRIPTION}))
    FittedModel.objects.create(
        device=cpu, space=space.key, space_checksum=space.checksum, kind="roofline", version=3,
        is_current=True, state=state_of_predictor(model), n_fit=30, errors={"mape": 2.5}, pairs=[],
        fingerprint="x",
    )  # fmt: skip
    found = estimate(data)
    assert found["histograms"]["latency_ms"]["origin"] == "predicted"
    assert sum(found["histograms"]["latency_ms"]["counts"]) == found["draws"]
    assert any("roofline, version 3, off by 2.5 % on average" in note for note in found["notes"])


def test_a_measurement_on_a_device_that_is_not_measured_is_refused(alice, phone):
    with pytest.raises(StateConflict, match="kind table"):
        jobs.request_measurement(owner=alice, device=phone, space=TINY, genes=[0] * 6)


def run(owner, data):
    experiment = lifecycle.create_experiment(owner=owner, data=data)
    work_until_idle()
    experiment.refresh_from_db()
    return experiment
