"""A profiling run step by step; its row remembers everything, so any worker can go on with it.

Lists of networks still to be measured (`plan`) and of those that were given out (`pending`) are
kept in the row. Whoever has one measured records it; what is not pending any more is not recorded
again, so late, doubled and repeated answers do no harm.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from hardware_profiles.errors import ProfilingError
from hardware_profiles.measure import LatencyResult
from hardware_profiles.models import Device, Measurement, Profile
from hardware_profiles.profiling import choosing, quality
from hardware_profiles.profiling.budget import FEWEST_FIT, FEWEST_TEST, Budget
from hardware_profiles.profiling.drawing import space_of
from hardware_profiles.samples import BRISK, PATIENT, MeasurePlan
from hardware_profiles.services import store_measurement
from search_engine.network import NetworkSpec
from search_engine.protocols import SearchSpace
from search_engine.types import Genes

BATCH = 12
"""Networks that are timed in turns: the more, the longer the time each is spread over, and the
surer it meets a quiet moment; a pause waits for as many."""

REMEASURED = 8
"""Test networks that are measured a second time at the end: the floor of all errors."""

MAX_FAILED = 0.2
_PATIENCE = 2.0  # times the seconds of the budget, to reach the fewest networks
_HISTORY = 200
STAGES = ("test", "fit", "floor")


@transaction.atomic
def start(
    *,
    device: Device,
    space: SearchSpace,
    slug: str,
    version: int | None = None,
    budget: Budget | None = None,
    requested_by: AbstractBaseUser | None = None,
) -> Profile:
    """Plan a run: draw the networks that are kept apart, then those to fit on.

    Every run of a device on a space keeps other networks apart.

    Args:
        slug, version: of the space as people know it; `space` is it, compiled.

    Raises:
        ProfilingError: the device cannot be measured, the space is too small, or there is
            nothing to check or recalibrate.
    """
    budget = budget or Budget()
    if device.kind not in Device.MEASURING:
        raise ProfilingError(
            f"Device {device.slug!r} is of kind {device.kind!r}; only devices that measure "
            f"({', '.join(Device.MEASURING)}) can be profiled."
        )
    profile = Profile(
        device=device,
        requested_by=requested_by,
        space=slug,
        space_version=version,
        space_document=json.dumps(space.document, default=dict),
        space_checksum=space.checksum,
        input_shape=list(space.input_shape),
        classes=space.classes,
        budget=budget.model_dump(),
        seed=device.profiles.filter(space=slug).count(),
    )
    profile.progress = {
        "plan": choosing.first_plan(profile, space, budget),
        "pending": {},
        "done": dict.fromkeys(STAGES, 0),
        "repeated": [],
        "quarantined": 0,
        "failed": [],
        "history": [],
        "last": None,
        "throttled": "",
        "paused": "",
    }
    profile.save()
    return profile


@transaction.atomic
def next_batch(profile: Profile, most: int = BATCH) -> list[NetworkSpec]:
    """Networks to measure now; none when measuring is over and `finish` is due.

    Until all of a batch are recorded or rejected, asking again gives the rest of it.

    Raises:
        ProfilingError: too many networks failed.
    """
    row = locked(profile)
    if row.phase != Profile.Phase.MEASURING:
        return []
    space, progress = space_of(row), row.progress
    if not progress["pending"]:
        _check_failures(progress)
        stage = _stage(row, space)
        taken = progress["plan"][stage][:most] if stage else []
        if stage:
            del progress["plan"][stage][:most]
        for genes in taken:
            digest = space.decode(tuple(genes)).digest
            progress["pending"][digest] = {"genes": genes, "stage": stage}
    _save(row, profile)
    return [space.decode(tuple(item["genes"])) for item in progress["pending"].values()]


@transaction.atomic
def record(
    profile: Profile, network: NetworkSpec, result: LatencyResult, *, seconds: float | None = None
) -> Measurement | None:
    """Store what was measured for a run; None if the run does not wait for this network.

    A noisy row is put into quarantine and its network measured once more, later.

    Args:
        seconds: that it took in all; if not given, what the result says of itself.
    """
    row = locked(profile)
    progress = row.progress
    item = progress["pending"].pop(network.digest, None)
    if item is None:
        return None
    measurement = store_measurement(device=row.device, network=network, result=result)
    noise = quality.noise(result)
    split = Measurement.Split.FIT if item["stage"] == "fit" else Measurement.Split.TEST
    marks = {"profile": row, "split": split, "quarantined": bool(noise), "space": row.space}
    for name, value in marks.items():
        setattr(measurement, name, value)
    measurement.save(update_fields=list(marks))
    if noise:
        _repeat(progress, network.digest, item)
    else:
        progress["done"][item["stage"]] += 1
    _note(row, network, result, noise)
    row.seconds += _duration(result) if seconds is None else seconds
    _save(row, profile)
    return measurement


@transaction.atomic
def reject(profile: Profile, network_hash: str, error: str) -> bool:
    """Take a network that cannot run off the batch; False if the run does not wait for it."""
    row = locked(profile)
    if row.progress["pending"].pop(network_hash, None) is None:
        return False
    row.progress["failed"].append({"hash": network_hash, "error": error[:300]})
    _save(row, profile)
    return True


def plan_for(profile: Profile) -> MeasurePlan:
    """How carefully to measure what is pending: patiently if models are judged by it."""
    stages = {item["stage"] for item in profile.progress["pending"].values()}
    return BRISK if stages == {"fit"} else PATIENT


def pending(profile: Profile) -> list[str]:
    """Hashes of networks that were given out and not recorded yet."""
    profile.refresh_from_db(fields=["progress"])
    return list(profile.progress["pending"])


@transaction.atomic
def extend(profile: Profile, *, networks: int = 0, seconds: float = 0) -> Profile:
    """More budget: the run goes on with the same networks kept apart, and fits again.

    Raises:
        ProfilingError: it is no profiling, or fits its models now, or there is nothing to add.
        ConfigError: the sum is more than a budget may be.
    """
    row = locked(profile)
    old = Budget.parse(row.budget)
    if old.purpose != "profile":
        raise ProfilingError(f"A {old.purpose} has a fixed size; start a profiling instead.")
    if not networks and not seconds:
        raise ProfilingError("Nothing to extend by: give networks, seconds or both.")
    if row.phase == Profile.Phase.FITTING:
        raise ProfilingError("It fits its models now; extend it as soon as it is done.")
    changes = {
        "networks": old.networks + networks,
        "seconds": old.seconds + seconds,
        "test_networks": old.tests,
    }
    row.budget = Budget.parse({**row.budget, **changes}).model_dump()
    if row.phase == Profile.Phase.DONE:
        row.phase, row.finished_at = Profile.Phase.MEASURING, None
        row.progress["done"]["floor"] = 0
    _save(row, profile, "budget", "phase", "finished_at")
    return profile


@transaction.atomic
def pause(profile: Profile, why: str, *, cooled: bool = False) -> None:
    """Note that nobody works on the run; empty when somebody does again.

    Args:
        cooled: it goes on by itself after a slow machine was left alone; counted.
    """
    row = locked(profile)
    row.progress["paused"] = why
    row.progress["cooled"] = row.progress.get("cooled", 0) + cooled
    if not why:  # what was slow then is not held against what comes
        row.progress["throttled"] = ""
        row.progress["history"] = row.progress["history"][: quality.BASE]
    _save(row, profile)


@transaction.atomic
def end(profile: Profile, outcome: str, note: str = "") -> None:
    """Close a run that did not finish: `cancelled` or `failed`. Its measurements stay."""
    row = locked(profile)
    if row.phase == Profile.Phase.DONE:
        return
    row.phase, row.finished_at = Profile.Phase.DONE, timezone.now()
    row.report = {**row.report, "outcome": outcome, "note": note}
    row.progress["pending"] = {}
    _save(row, profile, "phase", "finished_at", "report")


def locked(profile: Profile) -> Profile:
    """The row, locked until the transaction ends."""
    rows = Profile.objects.select_for_update(of=("self",)).select_related("device")
    return rows.get(pk=profile.pk)


def _stage(row: Profile, space: SearchSpace) -> str:
    """What comes next: `test`, `fit`, `floor`, or nothing."""
    budget, progress = Budget.parse(row.budget), row.progress
    plan, done, spent = progress["plan"], progress["done"], row.seconds
    patient = spent < _PATIENCE * budget.seconds
    hurried = done["test"] < FEWEST_TEST and patient
    if plan["test"] and (hurried or spent < budget.test_seconds):
        return "test"
    wanted = done["fit"] < budget.fits
    hurried = done["fit"] < FEWEST_FIT and patient
    if wanted and (spent < budget.measure_seconds or hurried):
        if not plan["fit"]:
            plan["fit"] = choosing.more_to_fit(row, space, budget)
        if plan["fit"]:
            return "fit"
    if budget.purpose == "profile" and not done["floor"] and not plan["floor"]:
        plan["floor"] = choosing.to_remeasure(row, REMEASURED)
    return "floor" if plan["floor"] and spent < budget.floor_seconds else ""


def _repeat(progress: dict[str, Any], digest: str, item: Mapping[str, Any]) -> None:
    """Once more, after the next batch; the second time it stays in quarantine."""
    if digest in progress["repeated"] or item["stage"] == "floor":
        progress["quarantined"] += 1
        return
    progress["repeated"].append(digest)
    progress["plan"][item["stage"]].insert(BATCH, item["genes"])


def _note(row: Profile, network: NetworkSpec, result: LatencyResult, noise: str) -> None:
    progress, now = row.progress, quality.circumstances(result)
    progress["last"] = {
        "hash": network.digest,
        "label": _label(network.genes),
        "value_ms": result.latency_ms,
        "cv": result.spread.cv,
        "status": "noisy" if noise else "ok",
        "note": noise,
        **now,
    }
    if not progress["history"] or progress["history"][-1] != now:  # a batch shares its facts
        progress["history"] = [*progress["history"], now][-_HISTORY:]
    progress["throttled"] = quality.throttling(progress["history"])


def _label(genes: Genes) -> str:
    text = " ".join(map(str, genes))
    return text if len(text) <= 40 else f"{text[:37]}..."


def _duration(result: LatencyResult) -> float:
    """Seconds that went into a result, as far as it says itself."""
    phases = sum(value for name, value in result.phases.items() if name.endswith("_ms"))
    return phases / 1000 + sum(map(sum, result.samples.rounds)) / 1e6


def _check_failures(progress: Mapping[str, Any]) -> None:
    failed: Sequence[Mapping[str, str]] = progress["failed"]
    measured = sum(progress["done"].values()) + progress["quarantined"]
    if len(failed) >= 3 and len(failed) > MAX_FAILED * (measured + len(failed)):
        raise ProfilingError(
            f"{len(failed)} of {measured + len(failed)} networks could not be measured, the last "
            f"one because: {failed[-1]['error']}"
        )


def _save(row: Profile, profile: Profile, *fields: str) -> None:
    """Store the locked row, and let the caller's object show what it became."""
    fields = (*fields, "progress", "seconds")
    row.save(update_fields=fields)
    for name in fields:
        setattr(profile, name, getattr(row, name))
