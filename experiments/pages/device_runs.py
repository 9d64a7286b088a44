"""Profiling runs of a device: the one under way, and what earlier ones brought."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from experiments.figures import numbers
from experiments.formats import age_text
from experiments.models import Job
from experiments.pages.device_list import percent
from experiments.pages.device_quality import model_label, signed_percent, space_label
from experiments.space_store import spaces_of
from hardware_profiles.models import Device, FittedModel, Profile
from hardware_profiles.profiling import public_progress
from search_engine.spaces import SPACES

SHOWN = 8
MINUTES = (1, 3, 5, 10, 20, 40)
STAGES = {
    "test": "Measuring the networks that are kept apart",
    "fit": "Measuring networks to learn from",
    "floor": "Measuring some again: how repeatable is it?",
    "kernels": "Timing single kernels",
    "fitting": "Fitting and comparing models",
    "done": "Done",
}
STATUS_WORDS = {
    "queued": "waiting for the device's worker",
    "running": "running",
    "waiting": "waiting for the agent",
    "paused": "paused",
}
PURPOSES = {"check": "Check for drift", "recalibrate": "Recalibration"}
OUTCOMES = {
    "current": ("done", "its model is used"),
    "kept_old": ("info", "the older model was better and stays"),
    "checked": ("done", "checked, nothing fitted"),
    "failed": ("failed", "failed"),
    "cancelled": ("stopped", "cancelled"),
}


def run_panel(device: Device, user: AbstractBaseUser) -> dict[str, Any]:
    """The run under way if there is one, and what a new one may be asked for."""
    jobs = Job.objects.filter(kind=Job.Kind.PROFILE, device=device, status__in=Job.OPEN)
    job = jobs.select_related("profile", "owner").order_by("created_at").first()
    return {
        "run": _run(job) if job else None,
        "others": max(0, jobs.count() - 1),
        "last_failure": None if job else _last_failure(device),
        "spaces": space_choices(user),
        "minutes": MINUTES,
    }


def space_choices(user: AbstractBaseUser) -> list[dict[str, str]]:
    """Slugs and names of the spaces a user may use, one's own first."""
    own = [{"slug": space.slug, "name": space.name} for space in spaces_of(user)]
    return own + [{"slug": entry.key, "name": entry.label} for entry in SPACES]


def past_runs(device: Device) -> list[dict[str, Any]]:
    """The latest runs that ended, newest first."""
    runs = device.profiles.filter(phase=Profile.Phase.DONE).select_related("requested_by")
    return [_past(run) for run in runs[:SHOWN]]


def versions(device: Device, space: str) -> list[dict[str, Any]]:
    """Models of a space, newest first, each with its held-out figures."""
    rows = device.models.filter(space=space).defer("state", "pairs")
    return [_version(row) for row in rows.order_by("metric", "-version")]


def drift(device: Device) -> dict[str, Any] | None:
    """What the newest run that looked found out about drift."""
    for run in device.profiles.filter(report__has_key="drift")[:1]:
        found = run.report["drift"]
        return {
            **found,
            "text": signed_percent(found["median_deviation_pct"]),
            "space": space_label(run.space),
            "age": age_text(run.finished_at or run.created_at),
        }
    return None


def _run(job: Job) -> dict[str, Any]:
    facts = public_progress(job.profile) if job.profile else {}
    last = facts.get("last")
    return {
        "job": job,
        "percent": round(100 * job.progress),
        "space": space_label(job.profile.space) if job.profile else "",
        "stage": STAGES.get(facts.get("stage", ""), ""),
        "words": STATUS_WORDS.get(job.status, job.status),
        "counts": _counts(facts),
        "left": numbers.duration(facts["eta_s"]) if facts.get("eta_s") is not None else "",
        "spent": numbers.duration(facts.get("seconds", 0)),
        "budget": numbers.duration(facts.get("budget_seconds")),
        "last": last
        and {
            "label": last.get("label") or last.get("hash", "")[:10],
            "value": numbers.metric("latency_ms", last.get("value_ms")),
            "cv": percent(100 * last["cv"]) if numbers.is_number(last.get("cv")) else "",
            "unstable": last.get("status") not in (None, "ok"),
        },
        "circumstances": _circumstances(facts),
        "throttled": facts.get("throttled", ""),
        "quarantined": facts.get("quarantined", 0),
        "failed": facts.get("failed", 0),
    }


def _counts(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = (("test", "kept apart"), ("fit", "to learn from"), ("kernels", "kernels"))
    return [
        {"name": name, **facts[key]} for key, name in names if (facts.get(key) or {}).get("planned")
    ]


def _circumstances(facts: Mapping[str, Any]) -> str:
    parts = []
    if facts.get("temperature_c") is not None:
        parts.append(f"{facts['temperature_c']:.0f} °C")
    if facts.get("frequency_mhz") is not None:
        parts.append(f"{facts['frequency_mhz']:,.0f} MHz")
    return " · ".join(parts)


def _past(run: Profile) -> dict[str, Any]:
    outcome = run.report.get("outcome", "")
    icon, words = OUTCOMES.get(outcome, ("info", outcome or "ended"))
    return {
        "run": run,
        "icon": icon,
        "words": words,
        "purpose": PURPOSES.get(run.budget.get("purpose", ""), "Profile"),
        "note": run.report.get("note", ""),
        "space": space_label(run.space),
        "chosen": model_label(run.report["chosen"]) if run.report.get("chosen") else "",
        "seconds": numbers.duration(run.seconds),
        "age": age_text(run.finished_at or run.created_at),
        "who": run.requested_by.get_username() if run.requested_by else "",
        "comparison": _comparison(run.report.get("comparison")),
    }


def _comparison(found: Mapping[str, Any] | None) -> str:
    """New against old model on the same networks, in one sentence."""
    if not found or not (found.get("new") and found.get("old")):
        return ""
    new, old = (percent(found[side].get("mape")) for side in ("new", "old"))
    return f"on the same {found.get('n')} networks: new {new}, old {old}"


def _version(model: FittedModel) -> dict[str, Any]:
    errors = model.errors
    tau = errors.get("kendall_tau")
    return {
        "model": model,
        "label": model_label(model.kind),
        "mape": percent(errors.get("mape")),
        "within": percent(errors.get("within_10pct"), 0),
        "tau": f"{tau:.2f}" if numbers.is_number(tau) else numbers.MISSING,
        "n": errors.get("n"),
        "age": age_text(model.created_at),
    }


def _last_failure(device: Device) -> Job | None:
    """The newest profiling job, if it failed."""
    job = Job.objects.filter(kind=Job.Kind.PROFILE, device=device).order_by("-created_at").first()
    return job if job and job.status == Job.Status.FAILED else None
