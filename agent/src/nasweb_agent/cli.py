"""The command line: register once, run for ever, check what can be run here."""

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

import numpy as np
import onnxruntime

from hardware_profiles import environment
from hardware_profiles.errors import HostLockError
from hardware_profiles.host_lock import exclusive, lock_dir
from nasweb_agent import settings as files
from nasweb_agent.errors import AgentError, NotAuthorised
from nasweb_agent.server import Server, check_address
from nasweb_agent.settings import Settings
from nasweb_agent.version import VERSION
from nasweb_agent.worker import Worker, announcement

PRECISIONS = ("fp32", "int8")
OK, FAILED, NOT_AUTHORISED = 0, 1, 3


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    level = logging.DEBUG if options.verbose else logging.INFO
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("nasweb_agent").setLevel(level)
    try:
        return int(options.command(options))
    except NotAuthorised as error:
        print(f"nasweb-agent: {error}", file=sys.stderr)
        return NOT_AUTHORISED
    except (AgentError, HostLockError) as error:
        print(f"nasweb-agent: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def register(options: argparse.Namespace) -> int:
    """Exchange the code for a token and keep it in a file that only its owner reads."""
    if options.file.exists() and not options.replace:
        raise AgentError(
            f"{options.file} exists: this machine is registered. Use --replace, or --file for a "
            "second agent."
        )
    address = check_address(options.server, plain_http=options.plain_http)
    wanted = Settings(
        server=address,
        token="unknown",  # noqa: S106 - not yet
        name=options.name,
        threads=tuple(dict.fromkeys(options.threads)),
        precisions=tuple(dict.fromkeys(options.precisions)),
        plain_http=options.plain_http,
    )
    body = announcement(wanted) | {"code": options.code, "name": options.name}
    answer = Server(address).post("register/", body)
    files.save(wanted.model_copy(update={"token": answer["token"]}), options.file)
    print(f"Registered as {answer['name']!r}; the token is in {options.file}.")
    print("Devices: " + ", ".join(answer["devices"]))
    print("Start measuring with: nasweb-agent run")
    return OK


def run(options: argparse.Namespace) -> int:
    """Measure until told to end."""
    settings = files.load(options.file)
    if options.threads:
        settings = settings.model_copy(update={"threads": tuple(dict.fromkeys(options.threads))})
    server = _server(settings)
    worker = Worker(server, settings, np.random.default_rng())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    worker.run(until_empty=options.until_empty)
    return OK


def check(options: argparse.Namespace) -> int:
    """Say what this machine is, what it can run, and whether the server knows it."""
    host = environment.describe_host()
    print(f"nasweb-agent {VERSION}, Python {sys.version.split()[0]}")
    print(f"Processor     {environment.hardware_key(host)}, {host['memory_mib']} MiB")
    print(f"Runtime       ONNX Runtime {onnxruntime.__version__} on the CPU: fp32, int8")
    print(f"Load          {', '.join(map(str, os.getloadavg()))} (best when near 0)")
    with exclusive(timeout_s=5):
        print(f"Host lock     {lock_dir()}: free")
    settings = files.load(options.file)
    print(f"Registered    as {settings.name!r} at {settings.server}")
    print("Announces     " + ", ".join(_words(item) for item in settings.runtimes))
    devices = _server(settings).get_json("me/")["devices"]
    print(f"Server        knows this agent; devices: {', '.join(devices)}")
    return OK


def _server(settings: Settings) -> Server:
    return Server(check_address(settings.server, plain_http=settings.plain_http), settings.token)


def _words(item: dict[str, object]) -> str:
    return f"{item['runtime']} {item['precision']} x {item['threads']}"


def _parser() -> argparse.ArgumentParser:
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(prog="nasweb-agent", description=__doc__)
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--file", type=Path, default=files.default_path(), help="settings, token")
    common.add_argument("--verbose", action="store_true")

    def threads(text: str) -> int:
        number = int(text)
        if not 1 <= number <= cores:
            raise argparse.ArgumentTypeError(f"this machine has 1 to {cores} threads")
        return number

    one = commands.add_parser("register", parents=[common], help="once, with a code")
    one.add_argument("--server", required=True, help="such as https://nas.example.org")
    one.add_argument("--code", required=True, help="made by staff on the page of devices")
    one.add_argument("--name", required=True, help="what people call this machine")
    one.add_argument("--threads", type=threads, nargs="+", default=[1], help="a device for each")
    one.add_argument("--precisions", choices=PRECISIONS, nargs="+", default=list(PRECISIONS))
    one.add_argument("--plain-http", action="store_true", help="allow an unencrypted connection")
    one.add_argument("--replace", action="store_true", help="forget an earlier registration")
    one.set_defaults(command=register)

    two = commands.add_parser("run", parents=[common], help="measure until told to end")
    two.add_argument("--threads", type=threads, nargs="+", help="instead of those registered")
    two.add_argument("--until-empty", action="store_true", help="end when nothing is to be done")
    two.set_defaults(command=run)

    three = commands.add_parser("check", parents=[common], help="what can be run here")
    three.set_defaults(command=check)
    return parser
