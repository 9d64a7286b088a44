"""Where a device and a run stand: for pages, the API and the admin."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils import timezone

from hardware_profiles.models import Device, FittedModel, Measurement, Profile
from hardware_profiles.profiling.budget import FEWEST_FIT, FEWEST_TEST, Budget
from hardware_profiles.profiling.quality import DRIFT
from hardware_profiles.profiling.versions import METRIC

STALE_AFTER = timedelta(days=90)
STATES = ("unprofiled", "profiling", "paused", "throttled", "stale", "drifted", "profiled")
_CURRENT, _RUNS = "current_models", "recent_profiles"
_FIGURES = ("mape", "mape_low", "mape_high", "within_5pct", "within_10pct", "kendall_tau", "n_test")


def with_standing(devices: QuerySet[Device]) -> QuerySet[Device]:
    """Loads what `state_of` and `predictor_rows` read, for many devices at once."""
    models = FittedModel.objects.filter(is_current=True).defer("state", "pairs")
    newest = Measurement.objects.filter(device=OuterRef("pk"), metric=METRIC)
    facts = Subquery(newest.order_by("-created_at").values("fingerprint")[:1])
    return devices.annotate(newest_fingerprint=facts).prefetch_related(
        Prefetch("models", models.order_by("-created_at"), to_attr=_CURRENT),
        Prefetch("profiles", _telling(Profile.objects.all()), to_attr=_RUNS),
    )


def predictor_rows(device: Device) -> list[dict[str, Any]]:
    """The models in use, newest first, with their held-out errors."""
    return [
        {
            "kind": model.kind,
            "space": model.space,
            "version": model.version,
            "model": str(model.pk),
            **{name: model.errors.get(name) for name in _FIGURES},
            "floor_mape": model.errors.get("floor_mape"),
            "fitted_at": _text(model.created_at),
        }
        for model in _current(device)
    ]


def state_of(device: Device) -> tuple[str, str]:
    """One of `STATES` with a sentence; both empty for kinds of devices that are not profiled."""
    if device.kind not in Device.MEASURING:
        return "", ""
    runs = _runs(device)
    for run in runs:
        if run.phase != Profile.Phase.DONE:
            return _running(run)
    models = _current(device)
    if not models:
        return "unprofiled", "No model was fitted yet; latencies are measured one by one."
    return _trusted(device, models[0], runs)


def public_progress(profile: Profile) -> dict[str, Any]:
    """How far a run is; JSON only."""
    progress, budget = profile.progress, Budget.parse(profile.budget)
    done = progress.get("done", {})
    last = progress.get("last")
    spent, left = profile.seconds, _seconds_left(profile, budget)
    return {
        "phase": profile.phase,
        "stage": _stage_shown(profile, done, budget),
        "purpose": budget.purpose,
        "test": {"done": done.get("test", 0), "planned": budget.tests},
        "fit": {"done": done.get("fit", 0), "planned": budget.fits},
        "quarantined": progress.get("quarantined", 0),
        "failed": len(progress.get("failed", ())),
        "seconds": round(spent, 1),
        "budget_seconds": budget.seconds,
        "eta_s": round(left, 1),
        "share": 1.0 if profile.phase == Profile.Phase.DONE else min(0.99, _share(spent, left)),
        "last": last,
        "temperature_c": last and last.get("temperature_c"),
        "frequency_mhz": last and last.get("frequency_mhz"),
        "throttled": progress.get("throttled", ""),
        "paused": progress.get("paused", ""),
    }


def _seconds_left(profile: Profile, budget: Budget) -> float:
    """Until the networks are measured or the time is over, and all is fitted."""
    if profile.phase == Profile.Phase.DONE:
        return 0.0
    done = profile.progress.get("done", {})
    measured = sum(done.get(name, 0) for name in ("test", "fit"))
    missing = max(0, budget.tests + budget.fits - measured)
    by_time = max(0.0, budget.seconds - profile.seconds)
    if not measured:
        return by_time
    each = profile.seconds / measured
    fewest = max(0, FEWEST_TEST + FEWEST_FIT - measured) * each
    return max(fewest, min(by_time, missing * each + budget.fit_seconds / 2))


def _share(spent: float, left: float) -> float:
    return spent / (spent + left) if spent + left > 0 else 0.0


def _stage_shown(profile: Profile, done: Mapping[str, int], budget: Budget) -> str:
    if profile.phase != Profile.Phase.MEASURING:
        return str(profile.phase)
    pending = list(profile.progress.get("pending", {}).values())
    if pending:
        return str(pending[0]["stage"])
    return "test" if done.get("test", 0) < budget.tests and not done.get("fit") else "fit"


def _running(run: Profile) -> tuple[str, str]:
    if text := run.progress.get("throttled"):
        return "throttled", f"{text} The run waits until the machine has cooled down."
    if text := run.progress.get("paused"):
        return "paused", text
    now = public_progress(run)
    measured = now["test"]["done"] + now["fit"]["done"]
    planned = now["test"]["planned"] + now["fit"]["planned"]
    return "profiling", f"{measured} of up to {planned} networks of {run.space} measured."


def _trusted(device: Device, model: FittedModel, runs: Sequence[Profile]) -> tuple[str, str]:
    fingerprint = _newest_fingerprint(device)
    if fingerprint is not None and fingerprint != model.fingerprint:
        return "stale", "Processor or libraries changed since the model was fitted; recalibrate."
    age = timezone.now() - model.created_at
    if age > STALE_AFTER:
        return "stale", f"The model was fitted {age.days} days ago; recalibrate."
    for run in runs:
        drift = run.report.get("drift")
        if drift and run.space == model.space and run.created_at > model.created_at:
            off = drift["median_deviation_pct"]
            if abs(off) > 100 * DRIFT:
                return "drifted", f"Networks measured again are off by {off:+.1f} %; recalibrate."
            break
    return "profiled", f"Model {model.kind}, version {model.version}, of {model.space}."


def _current(device: Device) -> list[FittedModel]:
    found = vars(device).get(_CURRENT)
    if found is None:
        rows = device.models.filter(is_current=True).defer("state", "pairs")
        found = list(rows.order_by("-created_at"))
    return found


def _runs(device: Device) -> list[Profile]:
    found = vars(device).get(_RUNS)
    if found is None:
        found = list(_telling(device.profiles.all()))
    return found


def _telling(runs: QuerySet[Profile]) -> QuerySet[Profile]:
    """Those that decide about the state, newest first: under way, or with a look at drift."""
    chosen = runs.filter(~Q(phase=Profile.Phase.DONE) | Q(report__has_key="drift"))
    return chosen.defer("space_document").order_by("-created_at", "pk")


def _newest_fingerprint(device: Device) -> str | None:
    if "newest_fingerprint" in vars(device):
        known: str | None = vars(device)["newest_fingerprint"]
        return known
    rows = device.measurements.filter(metric=METRIC).order_by("-created_at")
    return rows.values_list("fingerprint", flat=True).first()


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
