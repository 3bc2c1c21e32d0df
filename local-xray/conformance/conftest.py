"""Fixtures: a real local-xray for each file of tests, and a boto3 client whose answers are held against the model."""

import os
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from support.model import check_answers
from support.process import AWS_ENVIRONMENT, LocalXRay

# boto3 here, and every SDK that is used in this process, sees what the children see.
os.environ.update(AWS_ENVIRONMENT)


def pytest_configure():
    binary = os.environ.get("LOCAL_XRAY_BIN")
    if not binary or not Path(binary).is_file():
        raise pytest.UsageError("LOCAL_XRAY_BIN must name a built local-xray, such as target/debug/local-xray")


@pytest.fixture(scope="module")
def local_xray():
    with LocalXRay() as server:
        yield server


@pytest.fixture(scope="module")
def xray(local_xray):
    return client(local_xray)


def client(local_xray):
    """A boto3 client that tries once: an answer that needs a second attempt is a failure here."""
    session = boto3.session.Session(region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=30)
    made = session.client("xray", endpoint_url=local_xray.url, config=config)
    check_answers(made)
    return made
