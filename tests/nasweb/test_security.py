"""Headers of every page, and what `check --deploy` says about a production installation."""

import os
import re
import secrets
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from nasweb.middleware import ContentSecurityPolicy

DIRECTIVE = re.compile(r"([a-z-]+) ([^;]+)")


def directives(response):
    return dict(DIRECTIVE.findall(response.headers["Content-Security-Policy"]))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/login/", "/admin/login/", "/api/v1/docs/", "/healthz", "/no-such/"]
)
def test_every_answer_carries_the_policy(client, path):
    response = client.get(path)
    policy = directives(response)
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_sockets_of_the_same_host_are_allowed():
    middleware = ContentSecurityPolicy(lambda _: HttpResponse())
    response = middleware(RequestFactory().get("/", headers={"Host": "localhost:8123"}))
    assert "ws://localhost:8123" in directives(response)["connect-src"]


def test_a_view_may_allow_its_own_inline_scripts():
    def view(request):
        response = HttpResponse()
        response.csp_script_hashes = ["'sha256-abc='"]
        return response

    response = ContentSecurityPolicy(view)(RequestFactory().get("/"))
    assert directives(response)["script-src"] == "'self' 'sha256-abc='"


@pytest.mark.django_db
def test_pages_load_nothing_from_other_hosts(client):
    for path in ("/login/", "/admin/login/", "/api/v1/docs/"):
        text = client.get(path, follow=True).content.decode()
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), path


def production_check(**changes):
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "nasweb.settings",
        "NASWEB_HTTPS": "1",
        "NASWEB_SECRET_KEY": secrets.token_urlsafe(60),
        **changes,
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)


def test_production_settings_pass_djangos_deployment_checks():
    result = production_check()
    assert result.returncode == 0, result.stderr


def test_hosts_with_a_key_each_are_pointed_out():
    result = production_check(NASWEB_SECRET_KEY="", NASWEB_TRUSTED_ORIGINS="nas.example")
    assert result.returncode != 0
    assert "nasweb.W001" in result.stderr
    assert "https://nas.example" in result.stderr
