"""Profiles a device of this host from the command line, as a job does for the browser."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from hardware_profiles import profiling
from hardware_profiles.errors import HardwareError
from hardware_profiles.models import Device, FittedModel, Profile
from hardware_profiles.profiling import Budget
from hardware_profiles.services import measure_networks
from search_engine.errors import SearchEngineError
from search_engine.loading import load_space


class Command(BaseCommand):
    """Measure networks of a space, fit models, judge them on networks kept apart."""

    help = "Profile a device of this host for a built-in search space."

    def add_arguments(self, parser: CommandParser) -> None:
        """The device, the space and the budget."""
        parser.add_argument("slug", help="Device, such as local-cpu.")
        parser.add_argument("--space", required=True, help="Key of a built-in search space.")
        parser.add_argument("--seconds", type=float, default=300, help="Pauses do not count.")
        parser.add_argument("--networks", type=int, default=240, help="At most, in all.")
        parser.add_argument("--purpose", default="profile", help="profile, check or recalibrate.")
        parser.add_argument(
            "--resume", action="store_true", help="Go on with the newest run that did not end."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run to the end; Ctrl-C keeps what was measured for --resume."""
        device = Device.objects.filter(slug=options["slug"]).first()
        if device is None:
            known = ", ".join(Device.objects.values_list("slug", flat=True))
            raise CommandError(f"No device {options['slug']!r}. Known: {known}.")
        if device.kind != Device.Kind.LOCAL:
            raise CommandError(
                f"Device {device.slug} is of kind {device.kind}; this command profiles devices of "
                "this host. Devices of an agent are profiled from their page."
            )
        try:
            profile = self._unfinished(device, options) or self._started(device, options)
            self._measure(profile)
            self._tell(profile, profiling.finish(profile))
        except SearchEngineError as error:
            raise CommandError(f"{error}") from error

    def _unfinished(self, device: Device, options: dict[str, Any]) -> Profile | None:
        if not options["resume"]:
            return None
        rows = device.profiles.exclude(phase=Profile.Phase.DONE).filter(jobs=None)
        profile = rows.filter(space=options["space"]).order_by("-created_at").first()
        if profile is None:
            raise HardwareError("There is no run from the command line to resume.")
        profiling.pause(profile, "")
        return profile

    def _started(self, device: Device, options: dict[str, Any]) -> Profile:
        names = ("purpose", "seconds", "networks")
        budget = Budget.parse({name: options[name] for name in names})
        space = load_space(options["space"])
        return profiling.start(device=device, space=space, slug=options["space"], budget=budget)

    def _measure(self, profile: Profile) -> None:
        try:
            while networks := profiling.next_batch(profile):
                began = time.monotonic()
                results = measure_networks(profile.device, networks)
                each = (time.monotonic() - began) / len(networks)
                for network, result in zip(networks, results, strict=True):
                    profiling.record(profile, network, result, seconds=each)
                self.stdout.write(_line(profiling.public_progress(profile)))
        except KeyboardInterrupt:
            profiling.pause(profile, "Interrupted on the command line; go on with --resume.")
            raise CommandError("Interrupted; what was measured is kept for --resume.") from None

    def _tell(self, profile: Profile, model: FittedModel | None) -> None:
        self.stdout.write(profile.report["note"])
        if model is None:
            return
        errors = model.errors
        for key, row in profile.report.get("candidates", {}).items():
            found = row.get("reason") or f"left out of the fit: {row['mape']:.2f} %"
            self.stdout.write(f"  {key:10} {found}")
        floor = errors["floor_mape"]
        repeats = "" if floor is None else f", measured twice {floor:.2f} %"
        self.stdout.write(
            f"{model.kind}, version {model.version}: mean error {errors['mape']:.2f} % "
            f"({errors['mape_low']:.2f} to {errors['mape_high']:.2f}), within 10 %: "
            f"{errors['within_10pct']:.1f} %, Kendall tau {errors['kendall_tau'] or 0:.3f}, "
            f"on {errors['n_test']} networks never fitted on{repeats}"
        )


def _line(now: dict[str, Any]) -> str:
    last = now["last"]
    return (
        f"{now['stage']}: test {now['test']['done']}/{now['test']['planned']}, "
        f"fit {now['fit']['done']}/{now['fit']['planned']}, {now['seconds']:.0f} of "
        f"{now['budget_seconds']:.0f} s; last {last['value_ms']:.4g} ms, cv {last['cv']:.1%}"
        + (f"; {now['throttled']}" if now["throttled"] else "")
    )
