"""The admin of agents: codes are shown once, agents are locked out, lines are read."""

import re

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from hardware_profiles import agents, environment
from hardware_profiles.models import Agent, AgentCode, Device
from tests.hardware_profiles.fakes import network

ADMIN = "/admin/hardware_profiles/"


@pytest.fixture
def boss(db, client):
    client.force_login(User.objects.create_superuser("boss", password="boss-password"))
    return client


def register(code):
    runtime = {"runtime": "onnxruntime", "precision": "fp32", "threads": 1}
    agent, _ = agents.register(
        code=code, name="<b>pi</b>", runtimes=[runtime], host=environment.describe_host(),
        versions={"onnxruntime": "1"}, version="0.1.0",
    )  # fmt: skip
    return agent


def test_a_new_code_is_shown_once_and_registers_an_agent(boss):
    page = boss.post(f"{ADMIN}agentcode/add/", follow=True).content.decode()
    (code,) = re.findall(r"The code is (\S+);", page)
    assert code not in boss.get(f"{ADMIN}agentcode/").content.decode()
    register(code)
    row = AgentCode.objects.get()
    assert (row.created_by.username, row.used_by.name) == ("boss", "<b>pi</b>")


def test_an_agent_is_shown_with_its_devices_and_locked_out(boss):
    agent = register(agents.create_code(by=None)[1])
    device = agent.devices.get()
    agents.enqueue(device=device, purpose="job", reference="1", networks=[network(3)])
    Agent.objects.update(last_seen_at=timezone.now())
    page = boss.get(f"{ADMIN}agent/").content.decode()
    assert device.slug in page
    assert ">there<" in page
    assert "<b>pi</b>" not in page, "names are escaped"
    assert boss.get(f"{ADMIN}agent/{agent.pk}/change/").status_code == 200
    assert network(3).digest[:10] in boss.get(f"{ADMIN}agenttask/").content.decode()
    boss.post(f"{ADMIN}agent/", {"action": "revoke", "_selected_action": [agent.pk]})
    assert not Agent.objects.get().is_active
    assert not Device.objects.get().is_active
    assert ">revoked<" in boss.get(f"{ADMIN}agent/").content.decode()
