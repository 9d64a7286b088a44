"""Profiling runs: what is kept apart, repeated, fitted and judged, and which version is used."""

from datetime import timedelta

import pytest
from django.utils import timezone

from hardware_profiles import profiling
from hardware_profiles.errors import ProfilingError
from hardware_profiles.models import Device, FittedModel, Measurement, Profile
from hardware_profiles.profiling import Budget
from hardware_profiles.profiling.quality import throttling
from hardware_profiles.services import create_device
from tests.hardware_profiles.toy_profiles import SPACE, law_ms, measured_all, started, timed

QUICK = ("ridge", "roofline")
RECALIBRATE, CHECK = Budget(purpose="recalibrate"), Budget(purpose="check")


@pytest.fixture
def profiled(device):
    """A device with a model of the small space."""
    profile = started(device)
    measured_all(profile)
    profiling.finish(profile, QUICK)
    return profile


def test_a_profile_fits_a_model_that_predicts_networks_it_never_saw(device, profiled):
    model = profiling.current_model(device, SPACE)
    assert profiled.phase == Profile.Phase.DONE
    assert (model.version, model.n_fit, model.errors["n_test"]) == (1, 24, 12)
    assert model.errors["mape"] < 2
    assert model.errors["floor_n"] == 8
    assert model.errors["floor_mape"] == pytest.approx(0, abs=0.01)
    assert profiled.report["outcome"] == "current"
    assert set(profiled.report["candidates"]) == set(QUICK)
    rows = Measurement.objects.filter(profile=profiled)
    test = set(rows.filter(split="test").values_list("network_hash", flat=True))
    fit = set(rows.filter(split="fit").values_list("network_hash", flat=True))
    assert (len(test), len(fit), test & fit) == (12, 24, set())
    assert {pair["hash"] for pair in model.pairs} == test
    stored = FittedModel.objects.get(device=device)
    space = profiling.space_of(profiled)
    networks = [space.decode(tuple(pair["genes"])) for pair in stored.pairs]
    again = profiling.predictor_of(stored).predict(networks)
    assert again.tolist() == [pair["predicted"] for pair in stored.pairs]


def test_a_batch_that_was_interrupted_goes_on_and_nothing_is_recorded_twice(device):
    profile = started(device)
    first = profiling.next_batch(profile)
    results = timed(first)
    profiling.record(profile, first[0], results[0])
    taken_over = Profile.objects.get(pk=profile.pk)  # by another worker, after a crash
    assert set(profiling.next_batch(taken_over)) == set(first[1:])
    assert profiling.record(taken_over, first[0], results[0]) is None
    assert Measurement.objects.filter(profile=profile).count() == 1


def test_a_noisy_network_is_measured_once_more_and_then_stays_in_quarantine(device):
    profile = started(device)
    noisy = profiling.next_batch(profile)[0].digest
    order = measured_all(profile, disturbed=(noisy,))
    assert order.count(noisy) == 2
    rows = Measurement.objects.filter(profile=profile, network_hash=noisy)
    assert [row.quarantined for row in rows] == [True, True]
    assert profiling.public_progress(profile)["quarantined"] == 1
    model = profiling.finish(profile, QUICK)
    assert noisy not in {pair["hash"] for pair in model.pairs}


def test_the_time_budget_ends_measuring_but_not_below_what_a_fit_needs(device):
    profile = started(device, Budget(networks=200, seconds=6))  # each network takes 0.5 s
    order = measured_all(profile)
    done = profile.progress["done"]
    assert done["test"] >= 8
    assert done["fit"] >= 12
    assert len(order) < 40


def test_networks_that_cannot_run_are_left_out_until_they_are_too_many(device):
    profile = started(device)
    batch = profiling.next_batch(profile)
    for network in batch:
        assert profiling.reject(profile, network.digest, "no such operator")
    assert not profiling.reject(profile, batch[0].digest, "again")
    with pytest.raises(ProfilingError, match=r"12 of 12 networks .* no such operator"):
        profiling.next_batch(profile)


def test_a_worse_model_does_not_replace_a_better_one(device, profiled, monkeypatch):
    second = started(device)
    while batch := profiling.next_batch(second):
        for network, result in zip(batch, timed(batch), strict=True):
            row = profiling.record(second, network, result)
            if row.split == "fit":  # learnt from wrong numbers
                wrong = row.value * (1 + 0.3 * (int(network.digest[:2], 16) % 3))
                Measurement.objects.filter(pk=row.pk).update(value=wrong)
    worse = profiling.finish(second, QUICK)
    assert second.report["outcome"] == "kept_old"
    assert second.report["comparison"]["old"]["mape"] < second.report["comparison"]["new"]["mape"]
    assert (worse.version, worse.is_current) == (2, False)
    assert profiling.current_model(device, SPACE).version == 1
    profiling.activate(worse)
    assert profiling.current_model(device, SPACE).version == 2


def test_every_run_keeps_other_networks_apart(device):
    first, second = started(device), started(device)
    assert first.progress["plan"]["test"] != second.progress["plan"]["test"]


def test_an_extended_run_fits_again_on_more_and_is_judged_on_the_same(device, profiled):
    profiling.extend(profiled, networks=10)
    assert profiled.phase == Profile.Phase.MEASURING
    measured_all(profiled)
    model = profiling.finish(profiled, QUICK)
    assert (model.version, model.n_fit, model.errors["n_test"]) == (2, 34, 12)


def test_a_check_notices_drift_and_a_recalibration_takes_it_away(device, profiled):
    assert profiling.state_of(device)[0] == "profiled"
    check = started(device, CHECK)
    measured_all(check, slower=1.2)
    assert profiling.finish(check) is None
    assert check.report["drift"]["median_deviation_pct"] == pytest.approx(20, abs=1)
    state, note = profiling.state_of(device)
    assert (state, "+20." in note or "+19." in note) == ("drifted", True)
    again = started(device, RECALIBRATE)
    measured_all(again, slower=1.2)
    model = profiling.finish(again)
    assert (model.version, model.is_current) == (2, True)
    assert model.errors["mape"] < 2
    assert profiling.state_of(device)[0] == "profiled"
    network = profiling.space_of(again).decode(tuple(model.pairs[0]["genes"]))
    [predicted] = profiling.predictor_of(model).predict([network])
    assert predicted == pytest.approx(1.2 * law_ms(network), rel=0.05)


def test_states_before_and_during_the_first_run(device):
    assert profiling.state_of(device)[0] == "unprofiled"
    profile = started(device)
    assert profiling.state_of(device)[0] == "profiling"
    profiling.pause(profile, "Paused by a person.")
    assert profiling.state_of(device) == ("paused", "Paused by a person.")
    profiling.end(profile, "cancelled")
    assert profiling.state_of(device)[0] == "unprofiled"


def test_states_of_many_devices_take_few_queries_and_old_models_are_stale(
    device, profiled, django_assert_num_queries
):
    create_device(slug="other", name="Other", runtime="pytorch")
    with django_assert_num_queries(3):
        devices = list(profiling.with_standing(Device.objects.all()))
        states = {row.slug: profiling.state_of(row)[0] for row in devices}
        models = {row.slug: profiling.predictor_rows(row) for row in devices}
    assert states == {"local-cpu": "profiled", "other": "unprofiled"}
    assert [row["n_test"] for row in models["local-cpu"]] == [12]
    assert models["other"] == []
    FittedModel.objects.update(created_at=timezone.now() - timedelta(days=91))
    assert profiling.state_of(device) == ("stale", "The model was fitted 91 days ago; recalibrate.")
    FittedModel.objects.update(created_at=timezone.now(), fingerprint="other")
    assert profiling.state_of(device)[0] == "stale"


@pytest.mark.parametrize(
    ("later", "words"),
    [
        ({"reference_ms": 1.08, "frequency_mhz": 3000.0}, "8% longer"),
        ({"reference_ms": 1.0, "frequency_mhz": 2700.0}, "fell by 10%"),
        ({"reference_ms": 1.03, "frequency_mhz": 2950.0}, ""),
        ({"reference_ms": None, "frequency_mhz": None}, ""),
    ],
)
def test_a_machine_that_slows_down_is_noticed(later, words):
    first = {"reference_ms": 1.0, "frequency_mhz": 3000.0}
    found = throttling([first] * 4 + [later] * 3)
    assert words in found
    assert bool(found) == bool(words)
    assert throttling([first] * 4 + [later] * 2) == ""


def test_what_cannot_be_profiled_says_why(device):
    with pytest.raises(ProfilingError, match="no model for 'mbconv-tiny'"):
        started(device, CHECK)
    table = create_device(slug="phone", name="Phone", kind="table")
    with pytest.raises(ProfilingError, match="kind 'table'"):
        started(table)
