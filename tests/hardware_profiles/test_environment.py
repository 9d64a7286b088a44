"""What is recorded about the host."""

import json
import os

from hardware_profiles import environment
from hardware_profiles.reference import reference_network


def test_the_host_is_described_in_plain_data():
    host = environment.describe_host()
    assert host["logical_cores"] == os.cpu_count()
    assert host["hostname"]
    assert host["memory_mib"] > 100
    assert json.loads(json.dumps(host)) == host


def test_a_snapshot_is_plain_data():
    facts = environment.snapshot()
    assert json.loads(json.dumps(facts)) == facts
    assert len(facts["load_average"]) == 3
    assert facts["affinity"]


def test_fingerprints_differ_by_processor_runtime_and_version_only():
    host = environment.describe_host()

    def fingerprint(runtime="pytorch", versions=None, **changes):
        return environment.fingerprint({**host, **changes}, runtime, versions or {"torch": "2"})

    assert fingerprint() == fingerprint(hostname="another container")
    different = {
        fingerprint(),
        fingerprint(cpu_model="Abacus"),
        fingerprint("onnxruntime"),
        fingerprint(versions={"torch": "3"}),
    }
    assert len(different) == 4


def test_the_reference_network_never_changes():
    expected = "0dfaef5611e2873f9820b0587aeb40ecb0a48d6c765b323255d07bdc0938ca0f"
    assert reference_network().digest == expected
