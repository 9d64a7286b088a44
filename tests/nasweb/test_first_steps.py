"""The first admin: made once, password from the environment or made up and told once."""

import pytest
from django.contrib.auth.models import User

from nasweb.supervisor.first_steps import create_first_admin

pytestmark = pytest.mark.django_db


def test_a_password_is_made_up_and_told():
    password = create_first_admin(None)
    assert len(password) >= 12
    admin = User.objects.get()
    assert admin.username == "admin"
    assert admin.is_superuser
    assert admin.check_password(password)


def test_a_given_password_is_used_and_not_told():
    assert create_first_admin("from-the-environment") is None
    assert User.objects.get().check_password("from-the-environment")


def test_an_existing_admin_is_left_alone():
    User.objects.create_superuser("root", password="chosen-long-ago")
    assert create_first_admin("another") is None
    assert User.objects.get().check_password("chosen-long-ago")


def test_ordinary_users_do_not_count_as_admins(alice):
    assert create_first_admin(None)
    assert User.objects.filter(is_superuser=True).count() == 1
