"""Energy by counters: idle power is subtracted, wraps are seen through, absence is said."""

from types import SimpleNamespace

import pytest

from hardware_profiles.energy import EnergyClock, EnergyPlan, NvmlMeter, find_meter, measure_energy
from hardware_profiles.errors import NotMeasurableError
from hardware_profiles.running import Prepared

PLAN = EnergyPlan(windows=3, window_seconds=2, idle_seconds=5)


class Machine:
    """Draws a power while idle and another while it computes; its time is moved by hand."""

    name, period_s = "a machine", 0.001

    def __init__(self, idle_w=5.0, active_w=25.0, run_s=0.01, drift_w=0.0):
        self.idle_w, self.active_w, self.run_s, self.drift_w = idle_w, active_w, run_s, drift_w
        self.now, self.energy = 0.0, 0.0

    def sleep(self, seconds):
        self._pass(seconds, self.idle_w)

    def run(self):
        self._pass(self.run_s, self.active_w)
        self.idle_w += self.drift_w

    def joules(self):
        return self.energy

    def _pass(self, seconds, watts):
        self.now += seconds
        self.energy += seconds * watts

    def clock(self):
        return EnergyClock(now=lambda: self.now, sleep=self.sleep)


def measure(machine, plan=PLAN, meter=None):
    return measure_energy(
        "digest",
        Prepared(machine.run),
        meter or machine,
        plan,
        environment={"host": "here"},
        clock=machine.clock(),
    )


def test_energy_is_that_beyond_idling():
    result = measure(Machine(idle_w=5, active_w=25, run_s=0.01))
    assert result.value == pytest.approx((25 - 5) * 0.01 * 1e3)  # 200 mJ
    assert (result.metric, result.unit, result.status) == ("energy_mj", "mJ", "ok")
    assert result.n >= 3 * 200
    assert result.environment["idle_w"] == pytest.approx([5, 5])
    assert result.environment["active_w"] == pytest.approx(25)
    assert result.environment["host"] == "here"


def test_the_value_is_the_median_of_windows_that_are_stored():
    result = measure(Machine())
    windows = result.samples["windows"]
    idle = sum(result.environment["idle_w"]) / 2
    each = sorted((w["joules"] - idle * w["seconds"]) / w["runs"] * 1e3 for w in windows)
    assert result.value == pytest.approx(each[1])
    assert all(w["seconds"] >= 2 for w in windows)


def test_a_window_outlasts_twenty_updates_of_a_slow_counter():
    machine = Machine()
    machine.period_s = 0.25
    result = measure(machine)
    assert all(window["seconds"] >= 5 for window in result.samples["windows"])


def test_idle_power_that_moved_makes_it_unstable():
    result = measure(Machine(drift_w=0.002))
    assert result.status == "unstable"
    assert "before" in result.note


def test_a_network_that_draws_nothing_has_no_energy():
    with pytest.raises(NotMeasurableError, match="no more than"):
        measure(Machine(idle_w=5, active_w=5))


def rapl(root, **joules):
    """Counters as Linux shows them; returns the folder of each."""
    zones = {}
    for index, (name, value) in enumerate(joules.items()):
        zone = root / f"sys/class/powercap/intel-rapl:{index}"
        zone.mkdir(parents=True)
        (zone / "name").write_text(f"{name.replace('_', '-')}\n")
        (zone / "energy_uj").write_text(f"{value}\n")
        (zone / "max_energy_range_uj").write_text("1000000000\n")
        zones[name] = zone
    return zones


def test_rapl_adds_package_and_memory_and_leaves_the_rest(tmp_path):
    zones = rapl(tmp_path, package_0=1_000_000, dram=5_000_000, core=7_000_000)
    meter = find_meter("cpu", tmp_path)
    (zones["package_0"] / "energy_uj").write_text("3000000")
    (zones["dram"] / "energy_uj").write_text("5500000")
    (zones["core"] / "energy_uj").write_text("9000000")
    assert meter.joules() == pytest.approx(2.5)
    assert meter.name == "RAPL (package-0, dram)"


def test_a_rapl_counter_that_starts_again_at_zero_goes_on(tmp_path):
    zone = rapl(tmp_path, package_0=999_000_000)["package_0"]
    meter = find_meter("cpu", tmp_path)
    found = []
    for value in (999_500_000, 1_500_000, 2_000_000):
        (zone / "energy_uj").write_text(str(value))
        found.append(meter.joules())
    assert found == pytest.approx([0.5, 2.5, 3.0])


def test_a_machine_without_counters_says_so(tmp_path):
    with pytest.raises(NotMeasurableError, match=r"not measurable here.*no RAPL"):
        find_meter("cpu", tmp_path)


def test_counters_that_may_not_be_read_are_told_apart(tmp_path):
    zone = rapl(tmp_path, package_0=1)["package_0"]
    (zone / "energy_uj").unlink()  # as good as unreadable, also for root
    with pytest.raises(NotMeasurableError, match="by root only"):
        find_meter("cpu", tmp_path)


def test_nvml_counts_millijoules_from_where_it_began():
    nvml = SimpleNamespace(
        counter=40_000,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetName=lambda board: f"GPU {board}",
        nvmlDeviceGetTotalEnergyConsumption=lambda board: nvml.counter,
    )
    meter = NvmlMeter(nvml)
    nvml.counter = 42_500
    assert meter.joules() == pytest.approx(2.5)
    assert meter.name == "NVML (GPU 0)"
