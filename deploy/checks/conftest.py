"""The templates, loaded once for all checks."""

import pytest
from template import Templates


@pytest.fixture(scope="session")
def templates():
    return Templates.load()
