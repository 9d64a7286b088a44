"""What the system tells about its processor, from a folder that the tests fill."""

import json

import pytest

from hardware_profiles import sensors

CPU = sensors.affinity()[0] if sensors.affinity() else 0


@pytest.fixture
def machine(tmp_path):
    """Writes a file below the root."""

    def write(path, text):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")
        return tmp_path

    return write


def cpu(name):
    return f"sys/devices/system/cpu/cpu{CPU}/{name}"


def test_an_empty_machine_tells_nothing(tmp_path):
    assert sensors.temperature_c(tmp_path) is None
    assert sensors.frequency_mhz(tmp_path) is None
    assert sensors.governor(tmp_path) is None
    assert sensors.throttled(tmp_path) is None
    assert sensors.stolen_ns(tmp_path) == 0
    watch = sensors.Watch(tmp_path)
    watch.start()
    watch.look()
    found = watch.finish()
    assert found["stolen_share"] is found["others_busy"] is found["temperature_c"] is None
    assert found["throttled"] == 0


def test_the_hottest_sensor_of_the_processor_counts(machine):
    machine("sys/class/hwmon/hwmon0/name", "nvme")
    machine("sys/class/hwmon/hwmon0/temp1_input", 91_000)
    machine("sys/class/hwmon/hwmon1/name", "k10temp")
    machine("sys/class/hwmon/hwmon1/temp1_input", 61_500)
    machine("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp")
    root = machine("sys/class/thermal/thermal_zone0/temp", 64_250)
    assert sensors.temperature_c(root) == 64.2


def test_clock_and_governor_are_those_of_our_processors(machine):
    machine(cpu("cpufreq/scaling_cur_freq"), 3_400_000)
    root = machine("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance")
    assert sensors.frequency_mhz(root) == 3400
    assert sensors.governor(root) == "performance"


def stat(user, steal):
    return f"cpu  9 9 9 9 9 9 9 9 0 0\ncpu{CPU} {user} 0 0 5000 0 0 0 {steal} 0 0"


def test_a_watch_counts_stolen_time_throttling_and_the_highest_temperature(machine):
    machine(cpu("thermal_throttle/core_throttle_count"), 3)
    machine("sys/class/thermal/thermal_zone0/type", "cpu-thermal")
    machine("sys/class/thermal/thermal_zone0/temp", 70_000)
    root = machine("proc/stat", stat(100, 10))
    watch = sensors.Watch(root)
    watch.start()
    watch.look()
    machine("sys/class/thermal/thermal_zone0/temp", 50_000)
    machine("proc/stat", stat(100, 10_000))
    machine(cpu("thermal_throttle/core_throttle_count"), 5)
    found = watch.finish()
    assert found["stolen_share"] > 0.02
    assert found["throttled"] == 2
    assert found["temperature_c"] == 70
    assert json.loads(json.dumps(found)) == found
