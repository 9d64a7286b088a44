"""The end of a run: fit, judge on the networks kept apart, compare with the model in use, store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.random import default_rng

from hardware_profiles.errors import ProfilingError
from hardware_profiles.models import FittedModel, Measurement, Profile
from hardware_profiles.profiling import steps, versions
from hardware_profiles.profiling.budget import Budget
from hardware_profiles.profiling.choosing import profile_with_rows
from hardware_profiles.profiling.drawing import space_of
from hardware_profiles.profiling.ledger import evidence_of, measured, repeated, values_of
from search_engine.costs.accuracy import ErrorReport, error_report
from search_engine.costs.calibrated import calibrated, line_through
from search_engine.costs.fitting import FEWEST, fit_best
from search_engine.costs.predictors.protocol import Floats
from search_engine.errors import PredictorError
from search_engine.network import NetworkSpec

WORSE = 1.05
"""A new model may err this much more than the one in use (mean error, same networks): chance."""

_JUDGES = 5


@dataclass(frozen=True)
class _Test:
    """The networks kept apart, measured."""

    rows: list[Measurement]
    networks: list[NetworkSpec]
    values: Floats


def finish(profile: Profile, keys: Sequence[str] | None = None) -> FittedModel | None:
    """Fit and store what the run was for; its `report` says what came of it.

    Asked again, it answers what it found the first time, unless the run was extended since.

    Args:
        keys: of the predictors that take part; all that apply if None.

    Raises:
        ProfilingError, PredictorError: too little was measured, or nothing could be fitted.
    """
    profile.refresh_from_db()
    if profile.phase == Profile.Phase.DONE:
        return profile.models.order_by("-version").first()
    Profile.objects.filter(pk=profile.pk).update(phase=Profile.Phase.FITTING)
    purpose = Budget.parse(profile.budget).purpose
    if purpose == "profile":
        return _fitted(profile, keys)
    drift = drift_found(profile)
    if purpose == "check":
        _close(profile, {"outcome": "checked", "note": _drift_text(drift), "drift": drift})
        return None
    return _recalibrated(profile, drift)


def _fitted(profile: Profile, keys: Sequence[str] | None) -> FittedModel:
    space, budget = space_of(profile), Budget.parse(profile.budget)
    evidence = evidence_of(profile, space)
    test = _test(profile)
    if len(evidence.networks) < FEWEST:
        raise _too_few(profile, len(evidence.networks), "networks to fit on", FEWEST)
    chosen = fit_best(
        evidence, keys, rng=default_rng([profile.seed, 2]), time_limit=budget.fit_seconds
    )
    guesses = chosen.predictor.predict(test.networks)
    figures = _figures(profile, error_report(test.values, guesses)) | {
        "split": f"{len(test.rows)} architectures drawn uniformly and never fitted on; "
        f"{len(evidence.networks)} others, spread out and chosen by doubt, were fitted on",
        "cross_validated": chosen.candidates(),
    }
    verdict = _compared(profile, test, guesses)
    report = {
        "chosen": chosen.key,
        "candidates": chosen.candidates(),
        "fit_seconds": chosen.seconds,
        "floor": {"mape": figures["floor_mape"], "n": figures["floor_n"]},
        **verdict,
    }
    return _store(
        profile,
        report,
        kind=chosen.key,
        state=versions.state_of_predictor(chosen.predictor),
        n_fit=len(evidence.networks),
        errors=figures,
        pairs=_pairs(test, guesses),
        fingerprint=test.rows[-1].fingerprint,
    )


def _recalibrated(profile: Profile, drift: dict[str, Any]) -> FittedModel:
    """The model in use on a new line: fitted on a dozen networks, judged on another dozen."""
    old = versions.current_model(profile.device, profile.space)
    if old is None:
        raise ProfilingError("The model was removed in the meantime; profile the device.")
    space, base = space_of(profile), versions.predictor_of(old)
    rows, test = measured(profile, Measurement.Split.FIT), _test(profile)
    if len(rows) < FEWEST:
        raise _too_few(profile, len(rows), "networks to calibrate by", FEWEST)
    networks = [space.decode(tuple(row.genes)) for row in rows]
    line = line_through(base.predict(networks), values_of(rows))
    guesses = calibrated(base, *line).predict(test.networks)
    figures = _figures(profile, error_report(test.values, guesses)) | {
        "split": f"put on a line by {len(rows)} networks measured again, judged on "
        f"{len(test.rows)} others; the model itself was fitted on {old.n_fit}"
    }
    verdict = _compared(profile, test, guesses)
    inner, before = versions.parts_of(old)
    slope, offset = line[0] * before[0], line[0] * before[1] + line[1]
    return _store(
        profile,
        {"chosen": old.kind, "drift": drift, "line": line, **verdict},
        kind=old.kind,
        state=versions.state_of_predictor(inner, (slope, offset)),
        n_fit=old.n_fit,
        errors=figures,
        pairs=_pairs(test, guesses),
        fingerprint=test.rows[-1].fingerprint,
    )


def drift_found(profile: Profile) -> dict[str, Any]:
    """How much the networks that a run measured again differ from what is stored of them."""
    model = versions.current_model(profile.device, profile.space)
    source = profile_with_rows(model) if model else None
    before = {row.network_hash: row for row in measured(source)} if source else {}
    rows = [row for row in measured(profile) if row.network_hash in before]
    if not rows or model is None:
        raise ProfilingError("None of the stored networks could be measured again.")
    predicted = _line_of(model, before, rows, profile)
    deviations = 100 * (values_of(rows) / predicted - 1)
    return {
        "median_deviation_pct": float(np.median(deviations)),
        "n": len(rows),
        "fingerprint_changed": rows[-1].fingerprint != model.fingerprint,
    }


def _line_of(model: FittedModel, before: Any, rows: list[Measurement], profile: Profile) -> Floats:
    """What is expected of the networks: what was measured, or, once recalibrated, predicted."""
    if model.profile_id and model.profile.budget.get("purpose") == "recalibrate":
        networks = [space_of(profile).decode(tuple(row.genes)) for row in rows]
        return np.asarray(versions.predictor_of(model).predict(networks))
    return values_of([before[row.network_hash] for row in rows])


def _drift_text(drift: dict[str, Any]) -> str:
    text = (
        f"{drift['n']} stored networks measured again: median deviation "
        f"{drift['median_deviation_pct']:+.1f} %."
    )
    return text + " Processor or runtime changed." * drift["fingerprint_changed"]


def _test(profile: Profile) -> _Test:
    rows = measured(profile, Measurement.Split.TEST)
    if len(rows) < _JUDGES:
        raise _too_few(profile, len(rows), "test networks", _JUDGES)
    space = space_of(profile)
    return _Test(rows, [space.decode(tuple(row.genes)) for row in rows], values_of(rows))


def _too_few(profile: Profile, found: int, what: str, needed: int) -> ProfilingError:
    noisy = profile.measurements.filter(quarantined=True).count()
    return ProfilingError(
        f"Only {found} {what} were measured, {needed} are needed; {noisy} measurements were too "
        "noisy to be used. Try again when the host is idle, or give it more seconds."
    )


def _figures(profile: Profile, report: ErrorReport) -> dict[str, Any]:
    """Held-out errors beside the floor: how well the measurement repeats itself."""
    twice = np.array(repeated(profile)).reshape(-1, 2)
    floor = 100 * np.abs(twice[:, 1] / twice[:, 0] - 1) if len(twice) else None
    return report.to_json() | {
        "n_test": report.n,
        "floor_mape": None if floor is None else float(floor.mean()),
        "floor_n": len(twice),
    }


def _pairs(test: _Test, guesses: Floats) -> list[dict[str, Any]]:
    return [
        {
            "genes": row.genes,
            "hash": row.network_hash,
            "measured": row.value,
            "predicted": float(guess),
        }
        for row, guess in zip(test.rows, guesses, strict=True)
    ]


def _compared(profile: Profile, test: _Test, guesses: Floats) -> dict[str, Any]:
    """Whether the new model is to be used: not if the one in use errs less on these networks."""
    old = versions.current_model(profile.device, profile.space)
    if old is None:
        return _verdict("current", "The first model of this space on this device.")
    if old.space_checksum != profile.space_checksum:
        return _verdict("current", f"Version {old.version} was for another version of the space.")
    if old.fingerprint != test.rows[-1].fingerprint:
        return _verdict("current", f"Version {old.version} was for another processor or runtime.")
    seen = _fitted_on(old)
    fair = np.array([row.network_hash not in seen for row in test.rows])
    if fair.sum() < _JUDGES:
        fair[:] = True
    networks = [network for network, ok in zip(test.networks, fair, strict=True) if ok]
    try:
        theirs = versions.predictor_of(old).predict(networks)
    except PredictorError as error:
        return _verdict("current", f"Version {old.version} cannot predict these: {error}"[:300])
    new = error_report(test.values[fair], guesses[fair])
    before = error_report(test.values[fair], theirs)
    comparison = {"version": old.version, "n": new.n, "new": new.to_json(), "old": before.to_json()}
    text = (
        f"On the same {new.n} networks version {old.version} errs by {before.mape:.2f} %, "
        f"this one by {new.mape:.2f} %."
    )
    outcome = "current" if new.mape <= WORSE * before.mape else "kept_old"
    return _verdict(outcome, text, comparison)


def _verdict(outcome: str, note: str, comparison: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"outcome": outcome, "note": note, "comparison": comparison}


def _fitted_on(model: FittedModel) -> set[str]:
    source = profile_with_rows(model)
    if source is None:
        return set()
    fitted = source.measurements.filter(split=Measurement.Split.FIT)
    return set(fitted.values_list("network_hash", flat=True))


@transaction.atomic
def _store(profile: Profile, report: dict[str, Any], **columns: Any) -> FittedModel:
    current = report["outcome"] == "current"
    model = versions.store(profile, current=current, note=report["note"][:300], **columns)
    report |= {"model": str(model.pk), "version": model.version}
    _close(profile, report)
    return model


@transaction.atomic
def _close(profile: Profile, report: dict[str, Any]) -> None:
    row = steps.locked(profile)
    if row.phase == Profile.Phase.DONE:  # while this was fitting; what it found is not stored
        outcome = row.report.get("outcome", "finished elsewhere")
        raise ProfilingError(f"The run has ended in the meantime: {outcome}.")
    row.phase, row.finished_at, row.report = Profile.Phase.DONE, timezone.now(), report
    row.save(update_fields=["phase", "finished_at", "report"])
    profile.refresh_from_db()
