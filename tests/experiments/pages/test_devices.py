"""Pages of devices: list, one device, comparison; what they say, and to whom they offer what."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from experiments.models import Job
from experiments.pages.device_state import PARTS, State
from experiments.spaces import space_for
from hardware_profiles.models import Device, FittedModel
from hardware_profiles.tables.store import import_csv
from tests.experiments.pages.device_world import (
    SPACE,
    add_agent_device,
    add_kernels,
    add_measurements,
    add_model,
    add_run,
    fitted_state,
)

pytestmark = pytest.mark.django_db
NO_WORKERS = frozenset()


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def listening(monkeypatch):
    """The device worker of this host is there."""
    queues = frozenset({"device.local-cpu", "device.other"})
    for module in ("device_list", "device_page"):
        monkeypatch.setattr(f"experiments.pages.{module}.listened_queues", lambda: queues)


@pytest.fixture
def other(cpu):
    return Device.objects.create(slug="other", name="Other runtime", runtime="onnxruntime")


def html(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


def state_in(page: str) -> str:
    return re.search(r'class="status".*?</svg>([^<]+)</span>', page, re.DOTALL).group(1).strip()


def states(page: str) -> list[str]:
    return [s.strip() for s in re.findall(r'cell-state">.*?</svg>([^<]+)</span>', page, re.DOTALL)]


def test_everybody_finds_the_devices_in_the_header(signed_in):
    assert 'href="/devices/"' in html(signed_in.get("/experiments/"))


def test_every_state_is_an_icon_and_a_word(signed_in):
    sprite = (Path(settings.BASE_DIR) / "static/img/icons.svg").read_text()
    for key in PARTS:
        state = State(key)
        assert state.label
        assert f'id="{state.icon}"' in sprite


def test_the_list_says_how_each_device_is_doing(signed_in, cpu, other, listening):
    rows = add_measurements(cpu)
    add_model(cpu, rows)
    add_run(other, None)
    Device.objects.create(slug="off", name="Off", runtime="pytorch", is_active=False)
    add_agent_device(seen_minutes_ago=30)
    Device.objects.create(slug="empty", name="Empty", kind="table")
    found = states(html(signed_in.get("/devices/")))
    assert found == ["Profiling", "Healthy", "Disabled", "Unreachable", "No numbers yet"]


def test_a_device_whose_model_is_far_off_is_not_called_healthy(signed_in, cpu, listening):
    add_model(cpu, add_measurements(cpu), error=0.2)
    page = html(signed_in.get("/devices/local-cpu/"))
    assert state_in(page) == "Rough model"
    assert re.search(r"off by 2\d % on average", page)


def test_a_device_without_a_worker_is_unreachable(signed_in, cpu, monkeypatch):
    monkeypatch.setattr("experiments.pages.device_list.listened_queues", lambda: NO_WORKERS)
    page = html(signed_in.get("/devices/"))
    assert states(page) == ["Unreachable"]
    assert "No worker for this device" in page


def test_the_list_is_narrowed_by_kind_and_by_words(signed_in, cpu, other):
    assert "Other runtime" not in html(signed_in.get("/devices/", {"kind": "table"}))
    page = html(signed_in.get("/devices/", {"q": "onnx other"}))
    assert "Other runtime" in page
    assert "This CPU" not in page
    assert "No device matches" in html(signed_in.get("/devices/", {"q": "warp drive"}))


def test_the_list_shows_the_held_out_error_of_the_model(signed_in, cpu):
    model = add_model(cpu, add_measurements(cpu))
    page = html(signed_in.get("/devices/", {"part": "1"}))
    assert f"{model.errors['mape']:.1f} %" in page
    assert f"{model.errors['within_10pct']:.0f} % within 10 %" in page


def test_the_page_of_a_device_shows_figures_rivals_and_the_worst_network_first(
    signed_in, cpu, listening
):
    rows = add_measurements(cpu)
    model = add_model(cpu, rows)
    page = html(signed_in.get("/devices/local-cpu/"))
    assert state_in(page) == "Healthy"
    assert f'<span class="lead-figure">{model.errors["mape"]:.1f} %</span>' in page
    assert "repeatability floor</span> 0.8 %" in page
    assert "No kernel was timed." in page
    assert "by lot" in page
    first = re.search(r'data-row="(\d+)"', page).group(1)
    assert int(first) == len(rows) - 1
    assert "+40.0 %" in page
    chart = page[page.index('data-chart="accuracy"') : page.index("</figure>")]
    assert chart.count('class="point') == 2 * len(rows)  # plot and residuals


def test_one_chooses_between_models_of_several_spaces(signed_in, cpu, listening):
    rows = add_measurements(cpu)
    add_model(cpu, rows)
    add_model(cpu, rows, space="mbconv-tiny", error=0.2)
    page = html(signed_in.get("/devices/local-cpu/", {"space": SPACE}))
    assert re.search(rf'\?space={SPACE}" aria-current="true"', page)
    other = html(signed_in.get("/devices/local-cpu/", {"space": "mbconv-tiny"}))
    assert re.search(r'\?space=mbconv-tiny" aria-current="true"', other)


def test_coverage_counts_timed_shapes_and_names_missing_kinds(signed_in, cpu, listening):
    add_model(cpu, add_measurements(cpu))
    timed = add_kernels(cpu)
    page = html(signed_in.get("/devices/local-cpu/"))
    shown = int(re.search(r"(\d+) of (\d+) shapes", page).group(1))
    assert 0 < shown <= len(timed)
    assert 'data-level="0"' in page
    assert "Nobody stated peak and bandwidth" in page


def test_a_described_device_has_its_roofs(signed_in):
    Device.objects.create(
        slug="nano", name="Nano", kind="analytic",
        descriptor={"peak_fp32_gflops": 235.8, "mem_bw_gbs": 25.6, "status": "verified"},
    )  # fmt: skip
    page = html(signed_in.get("/devices/nano/"))
    assert "236 GFLOP/s peak" in page
    assert "25.6 GB/s" in page
    assert "Profile this device" not in page


def test_noisy_measurements_are_marked_with_their_reason(signed_in, cpu):
    row = add_measurements(cpu, 3)[0]
    row.quarantined, row.note = True, "Rounds differ by 14 %."
    row.save()
    page = html(signed_in.get("/devices/local-cpu/", {"rows": "quarantined"}))
    assert page.count("quarantined</span>") == 1
    assert "Rounds differ by 14 %." in page
    assert "1–1 of" not in page


def test_measurements_come_in_pages(signed_in, cpu):
    add_measurements(cpu, 30)
    assert "1–25 of 30" in html(signed_in.get("/devices/local-cpu/"))
    assert "26–30 of 30" in html(signed_in.get("/devices/local-cpu/", {"page": "2"}))


def test_the_profiling_panel_follows_the_run(signed_in, cpu, staff):
    assert "Profile this device" in html(signed_in.get("/devices/local-cpu/profiling/"))
    run = add_run(cpu, staff)
    job = Job.objects.create(
        owner=staff, kind="profile", device=cpu, profile=run, status="running", progress=0.42
    )
    page = html(signed_in.get("/devices/local-cpu/profiling/"))
    assert f'data-job="{job.pk}"' in page
    assert "42 %" in page
    assert "0 of 75" in page


def test_an_agent_that_is_away_is_said_with_its_line(signed_in):
    device = add_agent_device(seen_minutes_ago=14)
    page = html(signed_in.get(f"/devices/{device.slug}/"))
    assert state_in(page) == "Unreachable"
    assert "14 min ago" in page


def test_only_staff_may_press_what_changes_a_device(client, alice, staff, cpu):
    add_model(cpu, add_measurements(cpu))
    old = add_model(cpu, add_measurements(cpu), version=2, is_current=False)
    client.force_login(alice)
    page = html(client.get("/devices/local-cpu/"))
    buttons = re.findall(r"<button[^>]*(?:data-activate|data-profile|id=\"switch\")[^>]*>", page)
    assert len(buttons) == 4
    assert all("disabled" in button and "sk an admin" in button for button in buttons)
    client.force_login(staff)
    page = html(client.get("/devices/local-cpu/"))
    button = re.search(rf'<button[^>]*data-activate="{old.pk}"[^>]*>', page).group(0)
    assert "disabled" not in button


@pytest.mark.parametrize("path", ["/devices/new/", "/devices/table/import/"])
def test_forms_are_for_staff(client, alice, staff, path):
    Device.objects.create(slug="table", name="Table", kind="table")
    client.force_login(alice)
    assert client.get(path).status_code == 403
    client.force_login(staff)
    assert client.get(path).status_code == 200
    client.logout()
    assert client.get(path).status_code == 302


@pytest.mark.parametrize("kind", ["local", "agent", "analytic", "table"])
def test_there_is_a_form_for_every_kind(as_staff, kind):
    page = html(as_staff.get("/devices/new/", {"kind": kind}))
    assert f'?kind={kind}" aria-current="page"' in page
    assert ("Make a code" in page) == (kind == "agent")


def test_what_is_measured_takes_no_table(as_staff, cpu):
    page = html(as_staff.get("/devices/local-cpu/import/"))
    assert "takes no table" in page
    assert "import-form" not in page


def test_devices_are_compared_on_the_networks_both_measured(signed_in, cpu, other):
    add_measurements(cpu, 10)
    add_measurements(other, 8, factor=0.5)
    add_kernels(cpu)
    add_kernels(other, factor=3.0)
    page = html(signed_in.get("/devices/compare/", {"d": ["local-cpu", "other"]}))
    assert "2.00 × faster" in page
    assert page.count("data-row=") == 8
    assert page.count('class="strip"') == 6
    assert "3.00 × slower" in page
    assert '<dd class="kpi-value number">1.00</dd>' in page


def test_a_description_answers_for_what_the_other_device_measured(signed_in, cpu):
    add_measurements(cpu, 6)
    Device.objects.create(
        slug="nano", name="Nano", kind="analytic",
        descriptor={"peak_fp32_gflops": 235.8, "mem_bw_gbs": 25.6, "status": "verified"},
    )  # fmt: skip
    page = html(signed_in.get("/devices/compare/", {"d": ["nano", "local-cpu"]}))
    assert "not measurements of both: Nano is computed" in page
    assert page.count("data-row=") == 6


def test_devices_that_share_nothing_say_so(signed_in, cpu, other):
    page = html(signed_in.get("/devices/compare/", {"d": ["local-cpu", "other"]}))
    assert "No architecture was measured on both." in page
    assert "Choose two devices." in html(signed_in.get("/devices/compare/", {"d": "other"}))
    assert "no device “gone”" in html(signed_in.get("/devices/compare/", {"d": ["gone", "other"]}))


def test_a_device_that_is_not_there_is_not_found(signed_in):
    assert signed_in.get("/devices/none/").status_code == 404


def test_a_stale_model_is_said_on_top(signed_in, cpu, listening):
    model = add_model(cpu, add_measurements(cpu))
    model.created_at = timezone.now() - timezone.timedelta(days=200)
    model.save()
    page = html(signed_in.get("/devices/local-cpu/"))
    assert state_in(page) == "Stale"
    assert "200 days ago" in page


def test_a_table_shows_its_versions_what_it_holds_and_what_is_not_trusted(signed_in):
    device = Device.objects.create(slug="table", name="Table", kind="table")
    space = space_for(SPACE)
    for last in ("1", "-2"):
        rows = [f"{edge} 0 0 0 0 0,{1 + edge},ms\n" for edge in range(4)]
        text = f"arch,value,unit\n{''.join(rows)}4 0 0 0 0 0,{last},ms\n"
        import_csv(device=device, raw=text.encode(), source=f"{last}.csv", space=space)
    page = html(signed_in.get("/devices/table/"))
    assert "4 trusted rows, 1 flagged" in page
    assert "negative" in page
    assert page.count('class="cell-source"') == 2
    assert re.search(r'data-rollback="[\w-]+" disabled', page)
    assert "/api/v1/devices/table/table/" in page
    assert state_in(page) == "Ready"


def test_devices_that_share_no_measurement_are_compared_by_their_models_marked_so(
    signed_in, cpu, other
):
    known = {"space_checksum": space_for(SPACE).checksum}
    add_model(cpu, add_measurements(cpu, 24), state=fitted_state(cpu), **known)
    rows = add_measurements(other, 24, factor=2.0)
    model = add_model(other, rows, state=fitted_state(other), **known)
    other.measurements.all().delete()
    pair = {"d": ["local-cpu", "other"]}
    offer = html(signed_in.get("/devices/compare/", pair))
    assert "~ NAS-Bench-201" in offer
    page = html(signed_in.get("/devices/compare/", {**pair, "space": SPACE}))
    assert "is predicted by a model" in page
    assert "random architectures of NAS-Bench-201" in page
    assert re.search(r"~ \d[\d.]* [mµ]s", page)
    FittedModel.objects.filter(pk=model.pk).update(space_checksum="of an older version")
    assert "is predicted" not in html(signed_in.get("/devices/compare/", {**pair, "space": SPACE}))


def test_without_timed_kernels_coverage_counts_those_in_fitted_networks(signed_in, cpu, staff):
    rows = add_measurements(cpu, 4)
    run = add_run(cpu, staff, phase="done")
    cpu.measurements.update(profile=run)
    add_model(cpu, rows, profile=run)
    page = html(signed_in.get("/devices/local-cpu/"))
    known, needed = map(int, re.search(r"(\d+) of (\d+) shapes", page).groups())
    assert 0 < known < needed
    assert "in networks it was fitted on" in page


def test_drift_is_said_with_its_sign_and_asks_for_recalibration(signed_in, cpu, staff, listening):
    add_model(cpu, add_measurements(cpu))
    drift = {"median_deviation_pct": 7.3, "n": 12, "fingerprint_changed": False}
    report = {"outcome": "checked", "drift": drift}
    add_run(cpu, staff, phase="done", report=report, budget={"purpose": "check"})
    page = html(signed_in.get("/devices/local-cpu/"))
    assert state_in(page) == "Drifted"
    assert "drift +7.3 % on 12 networks" in page
    assert "checked, nothing fitted" in page
