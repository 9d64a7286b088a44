"""`manage.py up`: start NASWeb on this machine; Ctrl-C stops it."""

import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

from nasweb.supervisor.console import Console
from nasweb.supervisor.locks import Busy
from nasweb.supervisor.server import ServerError
from nasweb.supervisor.supervisor import Supervisor
from nasweb.supervisor.tether import tie_to_parent


class Command(BaseCommand):
    help = "Starts servers (unless DATABASE_URL and REDIS_URL are set), web, workers and beat."
    requires_system_checks = (Tags.security,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="start the demonstration search when all is ready"
        )
        parser.add_argument(
            "--end-with-parent",
            action="store_true",
            help="stop when the process that started this one dies (used by make)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["end_with_parent"]:
            tie_to_parent(signal.SIGTERM, os.getppid())
        try:
            Supervisor(settings.ENV, Console(), with_demo=options["demo"]).run()
        except (Busy, ServerError) as error:
            raise CommandError(str(error)) from error
