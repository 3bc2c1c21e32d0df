"""What linters know: schemas of every resource, and good practice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from template import DEPLOY, STACKS, walk

REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-1", "ap-northeast-1"]


def test_cfn_lint_has_no_finding():
    files = [str(DEPLOY / "cloudformation" / f"{stack}.yml") for stack in STACKS]
    run = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", *REGIONS, "--", *files], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_template_is_a_stack_of_deploy_up():
    assert sorted(path.stem for path in (DEPLOY / "cloudformation").iterdir()) == sorted(STACKS)
    assert f"STACKS=({' '.join(STACKS)})" in (DEPLOY / "common.sh").read_text()


def test_checkov_has_no_finding_but_skips_that_give_a_reason(templates):
    checkov = os.environ.get("CHECKOV", "checkov")
    arguments = ["--directory", str(DEPLOY / "cloudformation"), "--framework", "cloudformation"]
    run = subprocess.run(
        [checkov, *arguments, "--skip-download", "--compact", "--quiet"], capture_output=True, text=True
    )
    assert run.returncode == 0 and "Failed checks: 0" in run.stdout, run.stdout + run.stderr
    skips = [skip for template in templates.values() for path, skip in walk(template) if path[-2:-1] == ("skip",)]
    assert skips and all(len(skip["comment"]) >= len("As above.") for skip in skips)


@pytest.mark.parametrize("stack", STACKS)
def test_every_parameter_and_open_port_is_explained(templates, stack):
    template = templates[stack]
    for name, parameter in template["Parameters"].items():
        assert parameter.get("Description"), name
    for path, value in walk(template["Resources"]):
        if isinstance(value, dict) and "FromPort" in value:
            assert value.get("Description"), path
