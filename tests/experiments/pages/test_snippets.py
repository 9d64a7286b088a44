"""The code that the welcome page offers to copy works."""

import html
import json
import re

import pytest
from django.template.loader import render_to_string

from experiments.spec import check_spec


@pytest.mark.django_db
def test_the_rest_example_posts_an_acceptable_document(cpu):
    text = render_to_string("experiments/snippets/rest.txt", {"base_url": "http://h"})
    document = re.search(r"-d '(\{\s*\"name\".*?\n  \})'", text, re.DOTALL).group(1)
    assert check_spec(json.loads(document)).budget.max_trials == 20


def test_the_notebook_example_runs(capsys):
    code = render_to_string("experiments/snippets/notebook.txt")
    assert "Budget(max_trials=20)" in code
    exec(compile(code.replace("max_trials=20", "max_trials=1"), "notebook", "exec"), {})
    printed = capsys.readouterr().out
    assert "TrialFinished" in printed
    assert "SearchFinished" in printed


@pytest.mark.django_db
def test_the_page_shows_the_code_letter_by_letter(client, alice):
    client.force_login(alice)
    page = client.get("/experiments/").content.decode()
    shown = re.findall(r"<code>(.*?)</code>", page, re.DOTALL)
    assert html.unescape(shown[1]) == render_to_string("experiments/snippets/notebook.txt")
    assert not any("<" in code for code in shown)
