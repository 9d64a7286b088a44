"""`manage.py measure_device local-cpu --n 5 --memory --energy`: measure networks, print a table.

What cannot be measured on this machine is said below the table; the rest is stored.
"""

from argparse import ArgumentParser
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from hardware_profiles.errors import HardwareError, NotMeasurableError
from hardware_profiles.metric_services import METRICS, store_metric
from hardware_profiles.models import Device
from hardware_profiles.services import measure_networks, store_measurement
from search_engine.errors import SearchEngineError
from search_engine.network import NetworkSpec
from search_engine.spaces.compiler import compile_space

FLAGS = {"peak_rss_mib": "memory", "energy_mj": "energy"}


class Command(BaseCommand):
    help = "Measures randomly sampled networks of a search space on a device and stores the result."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="of the device, such as local-cpu")
        parser.add_argument("--space", default="mbconv-tiny", help="search space")
        parser.add_argument("--n", type=int, default=5, help="networks, 1 to 200")
        parser.add_argument("--seed", type=int, default=0, help="of the sampling")
        parser.add_argument("--memory", action="store_true", help="peak memory too")
        parser.add_argument("--energy", action="store_true", help="energy too, if there is a meter")
        parser.add_argument("--dry-run", action="store_true", help="store nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["n"] <= 200:
            raise CommandError(f"--n must be 1 to 200, got {options['n']}.")
        if options["seed"] < 0:
            raise CommandError(f"--seed must be 0 or more, got {options['seed']}.")
        device = self._device(options["slug"])
        try:
            networks = _sample(options["space"], options["n"], options["seed"])
            results = measure_networks(device, networks, seed=options["seed"])
        except (HardwareError, SearchEngineError) as error:
            raise CommandError(str(error)) from error
        if not options["dry_run"]:
            for network, result in zip(networks, results, strict=True):
                store_measurement(device=device, network=network, result=result)
        self.stdout.write(f"{'architecture':<12} {'MACs':>12} {'ms':>9} {'cv':>6} {'n':>5}  status")
        for network, result in zip(networks, results, strict=True):
            self.stdout.write(
                f"{network.digest[:10]:<12} {network.macs:>12,} {result.latency_ms:>9.4f} "
                f"{result.spread.cv:>6.1%} {result.n:>5}  {result.status} {result.note}".rstrip()
            )
        for metric in [name for name, flag in FLAGS.items() if options[flag]]:
            self._further(metric, device, networks, store=not options["dry_run"])

    def _further(
        self, metric: str, device: Device, networks: list[NetworkSpec], *, store: bool
    ) -> None:
        """Measure something besides the latency; a machine that cannot says so once."""
        self.stdout.write(f"\n{'architecture':<12} {metric:>14}  status")
        for network in networks:
            try:
                result = METRICS[metric](device, network)
            except NotMeasurableError as error:
                self.stdout.write(str(error))
                return
            except (HardwareError, SearchEngineError) as error:
                raise CommandError(str(error)) from error
            if store:
                store_metric(device=device, network=network, result=result)
            self.stdout.write(
                f"{network.digest[:10]:<12} {result.value:>14.4g}  {result.status} {result.note}"
            )

    def _device(self, slug: str) -> Device:
        try:
            return Device.objects.get(slug=slug)
        except Device.DoesNotExist:
            known = ", ".join(Device.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"No device {slug!r:.60}. Known: {known}.") from None


def _sample(key: str, count: int, seed: int) -> list[NetworkSpec]:
    space = compile_space(key)
    rng = np.random.default_rng(seed)
    return [space.decode(space.sample(rng)) for _ in range(count)]
