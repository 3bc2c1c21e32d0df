"""The VPC and the database once, and a deployment for each kind of sidecar."""

import network
import pytest
from database import Database
from deployment import Deployment
from template import Templates


@pytest.fixture(scope="session")
def templates():
    return Templates.load()


@pytest.fixture(scope="session")
def database(templates):
    network.build()
    database = Database(templates.resource("data", "Database"))
    yield database
    database.stop()


@pytest.fixture(scope="module", params=["adot", "xray-daemon"])
def site(request, templates, database):
    deployment = Deployment(templates, database, {"TraceSidecar": request.param, "MetadataProxy": "on"})
    yield deployment.start()
    deployment.stop()
