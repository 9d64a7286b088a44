"""What an installation needs before its processes start: tables, files, devices, a first user."""

import hashlib
import io
import json
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connection

ADMIN = "admin"
_LOCK = 0x4E415357  # any constant: hosts that start at once take turns


def prepare_database() -> str | None:
    """Migrate, load the built-in devices and create the first admin, one host at a time.

    Returns:
        The admin's password if it was made up here, else None.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("load_devices", verbosity=0, stdout=io.StringIO())
            return create_first_admin(settings.ENV.admin_password)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def create_first_admin(password: str | None) -> str | None:
    """Create the user `admin` if nobody may administrate yet; return a generated password."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    generated = None if password else secrets.token_urlsafe(9)
    users.create_superuser(ADMIN, password=password or generated)
    return generated


def collect_static_files() -> None:
    """Copy, fingerprint and compress static files, unless none changed since the last time."""
    if settings.DEBUG:
        return
    stamp: Path = settings.NASWEB_VAR / "static.stamp"
    mark = _static_mark()
    if stamp.exists() and stamp.read_text() == mark:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(mark)


def _static_mark() -> str:
    facts = []
    for finder in get_finders():
        for name, storage in finder.list([]):
            file = Path(storage.path(name)).stat()
            facts.append((name, file.st_size, file.st_mtime_ns))
    text = json.dumps([settings.STORAGES["staticfiles"], sorted(facts)], default=str)
    return hashlib.sha256(text.encode()).hexdigest()
