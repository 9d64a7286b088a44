"""What agents on other machines ask for: register, hello, work, models, answers."""

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments import agent_work
from experiments.api.agent_access import AgentAuthentication, AgentRate, IsAgent, RegisterRate
from experiments.api.agent_bodies import (
    ClaimBody,
    ClaimSerializer,
    CodeSerializer,
    FailureBody,
    HelloBody,
    HelloSerializer,
    RegisterBody,
    RegisteredSerializer,
    TaskStateSerializer,
)
from experiments.api.bodies import NoBody
from experiments.api.idempotency import idempotent
from experiments.api.parsers import StrictJSONParser
from hardware_profiles import agent_queue, agents, environment, model_files
from hardware_profiles.agent_results import ResultBody, plan_of
from hardware_profiles.api.permissions import StaffWrites
from hardware_profiles.models import Agent, AgentTask
from hardware_profiles.reference import reference_network
from hardware_profiles.selectors import usual_reference_ms
from hardware_profiles.services import FIRST_CALL

MAX_RESULT_BYTES = 512 * 1024
_ASK_AGAIN_S = 0.5


class ResultParser(StrictJSONParser):
    """JSON of at most half a megabyte: some hundred rounds of samples."""

    @property
    def limit(self) -> int:
        """Bytes."""
        return MAX_RESULT_BYTES


class CodeView(APIView):
    """Codes for new agents; staff only."""

    permission_classes = (StaffWrites,)

    @extend_schema(request=NoBody, responses={201: CodeSerializer})
    @idempotent(secret=True)
    def post(self, request: Request) -> Response:
        """Make a code that registers one agent within a day; staff only."""
        NoBody.parse(request.data)
        row, code = agents.create_code(by=request.user)
        answer = CodeSerializer({"code": code, "expires_at": row.expires_at})
        return Response(answer.data, status=status.HTTP_201_CREATED)


class RegisterView(APIView):
    """The one agent endpoint that needs no token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (RegisterRate,)

    @extend_schema(request=RegisterBody, responses={200: RegisteredSerializer})
    def post(self, request: Request) -> Response:
        """Exchange a code for an agent's token; its runtimes become devices."""
        body = RegisterBody.parse(request.data).model_dump()
        agent, token = agents.register(**body)
        return Response(RegisteredSerializer(_facts(agent) | {"token": token}).data)


class AgentView(APIView):
    """Base of what agents call."""

    authentication_classes = (AgentAuthentication,)
    permission_classes = (IsAgent,)
    throttle_classes = (AgentRate,)

    @property
    def agent(self) -> Agent:
        """Who asks."""
        return self.request.user.agent


class HelloView(AgentView):
    """An agent starts."""

    @extend_schema(request=HelloBody, responses={200: HelloSerializer})
    def post(self, request: Request) -> Response:
        """Say what runs now; tasks of an earlier process of this agent return to the line."""
        body = HelloBody.parse(request.data).model_dump()
        agent_work.hello(self.agent, **body)
        return Response(HelloSerializer(_facts(self.agent)).data)


class MeView(AgentView):
    """An agent looks at itself."""

    @extend_schema(responses={200: HelloSerializer})
    def get(self, request: Request) -> Response:
        """What the server knows of this agent; changes nothing."""
        return Response(HelloSerializer(_facts(self.agent)).data)


class ClaimView(AgentView):
    """An agent is free."""

    @extend_schema(request=ClaimBody, responses={200: ClaimSerializer})
    def post(self, request: Request) -> Response:
        """Ask for work, and wait for it up to 20 seconds; all tasks are of one device."""
        body = ClaimBody.parse(request.data)
        deadline = time.monotonic() + body.wait_s
        while not (tasks := agent_work.claim(self.agent, body.limit)):
            if time.monotonic() >= deadline or not threading.main_thread().is_alive():
                break  # the second: this server is ending
            if not connection.in_atomic_block:
                connection.close()  # others need it while this request waits
            time.sleep(_ASK_AGAIN_S)
        return Response(ClaimSerializer(_hand_out(self.agent, tasks)).data)


class TaskView(AgentView):
    """Base of what is done with one task: it must be the agent's own, else 404."""

    def change(self, pk: UUID, action: Callable[[AgentTask], AgentTask]) -> Response:
        """Do something with the locked task and answer how it stands."""
        with transaction.atomic():
            task = agent_queue.locked(self.agent, pk)
            if task is None:
                raise NotFound
            return Response(TaskStateSerializer(action(task)).data)


class HeartbeatView(TaskView):
    """The lease."""

    @extend_schema(request=NoBody, responses={200: TaskStateSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Begin or go on with a task: renews its lease of a minute."""
        NoBody.parse(request.data)
        return self.change(pk, lambda task: agent_work.heartbeat(self.agent, task))


class ResultView(TaskView):
    """Answers."""

    parser_classes = (ResultParser,)

    @extend_schema(request=ResultBody, responses={200: TaskStateSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Send what was measured; sent again, it changes nothing.

        All numbers are computed again from the raw samples; what differs is refused.
        """
        body = ResultBody.parse(request.data)
        return self.change(pk, lambda task: agent_work.accept(task, body))


class FailureView(TaskView):
    """The opposite."""

    @extend_schema(request=FailureBody, responses={200: TaskStateSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Say that a task was not measured; but for `failed`, it returns to the line."""
        body = FailureBody.parse(request.data)
        if body.reason == "failed":
            error = body.error or "The agent gave no reason."
            return self.change(pk, lambda task: agent_work.refuse(task, error))
        counts = body.reason == "busy"
        return self.change(pk, lambda task: agent_work.give_back(task, body.error, counts=counts))


class ModelView(AgentView):
    """The files to run."""

    digest_of: Callable[[AgentTask], str] = staticmethod(lambda task: task.network_hash)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The ONNX file of an open task, with seeded random weights."""
        return self._file(pk)

    def _file(self, pk: UUID) -> HttpResponseBase:
        own = AgentTask.objects.filter(pk=pk, device__agent=self.agent, status__in=AgentTask.OPEN)
        task = own.select_related("device").first()
        if task is None:
            raise NotFound
        try:
            content = model_files.path_of(self.digest_of(task), task.device).read_bytes()
        except OSError:
            raise NotFound("The file is not there yet; ask for work again.") from None
        return HttpResponse(content, content_type="application/octet-stream")


class ReferenceModelView(ModelView):
    """The file that is timed beside all others."""

    digest_of = staticmethod(lambda _: reference_network().digest)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The ONNX file of the reference network, as the task's device runs it."""
        return self._file(pk)


def _facts(agent: Agent) -> dict[str, Any]:
    devices = agent.devices.filter(is_active=True).order_by("slug")
    return {
        "agent": agent.pk,
        "name": agent.name,
        "devices": list(devices.values_list("slug", flat=True)),
    }


def _hand_out(agent: Agent, tasks: list[AgentTask]) -> dict[str, Any]:
    if not tasks:
        return {"session": None, "tasks": []}
    first = tasks[0]
    device, spec = first.device, agent.spec
    fingerprint = environment.fingerprint(spec["host"], device.runtime, spec["versions"])
    reference = reference_network()
    session = {
        "device": device.slug,
        "runtime": device.runtime,
        "precision": device.precision,
        "threads": device.threads,
        "batch_size": device.batch_size,
        "plan": plan_of(first).model_dump(),
        "seed": model_files.SEED,
        "reference": {
            "digest": reference.digest,
            "input_shape": list(reference.inputs[0].shape),
            "sha256": _sha256(reference.digest, first),
            "usual_ms": usual_reference_ms(device, fingerprint),
            "first_plan": FIRST_CALL.model_dump(),
        },
    }
    offered = [
        {
            "id": task.pk,
            "digest": task.network_hash,
            "input_shape": task.network["inputs"][0]["shape"],
            "sha256": _sha256(task.network_hash, task),
        }
        for task in tasks
    ]
    return {"session": session, "tasks": offered}


def _sha256(digest: str, task: AgentTask) -> str:
    content = model_files.path_of(digest, task.device).read_bytes()
    return hashlib.sha256(content).hexdigest()
