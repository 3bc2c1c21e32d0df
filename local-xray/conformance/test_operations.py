"""Every operation of botocore's model is called with boto3 and answers as the model says.

The list of operations is the model's, so none can be forgotten.
"""

import pytest
import requests
from botocore import xform_name

from support import calls
from support.model import MODEL, OPERATIONS

# There are no insights, so no id of one is known.
REFUSED = {"GetInsight", "GetInsightEvents", "GetInsightImpactGraph"}

# Members of the output that are only sent when there is something to say.
OPTIONAL = {"NextToken", "UnprocessedBoostStatistics"}


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name not in REFUSED])
def test_an_operation_answers_with_every_member(xray, operation):
    answer = getattr(calls, xform_name(operation))(xray)
    missing = MODEL.operation_model(operation).output_shape.members.keys() - answer.keys() - OPTIONAL
    assert not missing


@pytest.mark.parametrize("operation", sorted(REFUSED))
def test_what_is_not_there_is_an_invalid_request(xray, operation):
    with pytest.raises(xray.exceptions.InvalidRequestException):
        getattr(calls, xform_name(operation))(xray)


@pytest.mark.parametrize("path", ["/", "/NoSuchOperation"])
def test_an_unknown_operation_is_not_found(local_xray, path):
    answer = requests.post(local_xray.url + path, json={}, timeout=10)
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert answer.json()["message"]
