"""botocore's model of X-Ray, and what an answer lacks or has too much by it.

botocore itself is lenient: it skips members it does not know and does not miss required ones. Other clients are not,
so each answer to each boto3 client of these tests is held against the model here, before botocore has parsed it.
"""

import json

import botocore.session

MODEL = botocore.session.get_session().get_service_model("xray")
OPERATIONS = tuple(MODEL.operation_names)

# X-Ray itself sends null for the id of a document in which it could read none.
NULLS = {"PutTraceSegments.UnprocessedTraceSegments[].Id"}

# The model bounds what a rule may be given; X-Ray's own default rule lies beyond.
UNBOUNDED = {"Priority"}

# The model lists no exception for a request that is wrong in itself here; every other operation has this one.
UNLISTED = {"PutResourcePolicy": {"InvalidRequestException"}}

NUMBERS = {"timestamp", "double", "float"}


def check_answers(client):
    """Holds everything that this boto3 client receives against the model."""
    client.meta.events.register("response-received.xray", _check_answer)


def _check_answer(response_dict, event_name, **_):
    if response_dict is None:  # no answer at all; botocore reports that
        return
    operation = MODEL.operation_model(event_name.rpartition(".")[2])
    status, headers, body = response_dict["status_code"], response_dict["headers"], response_dict["body"]
    found = problems_of_answer(operation, body) if status == 200 else problems_of_error(operation, headers, body)
    assert not found, f"{operation.name} answered {status} with {body!r}: {'; '.join(found)}"


def problems_of_answer(operation, body):
    """What is wrong with the body of a successful answer."""
    return problems(operation.output_shape, json.loads(body), operation.name)


def problems_of_error(operation, headers, body):
    """What is wrong with an error: its type must be one that the model lists for the operation."""
    found = []
    known = {shape.name for shape in operation.error_shapes} | UNLISTED.get(operation.name, set())
    exception = headers.get("x-amzn-errortype")
    if exception not in known:
        found.append(f"x-amzn-errortype {exception!r} is none of {sorted(known)}")
    if not json.loads(body).get("message"):
        found.append("no message")
    return found


def problems(shape, value, path):
    """What is wrong with a JSON value by its shape, each with its path."""
    if value is None:
        return [] if path in NULLS else [f"{path} is null"]
    check = {"structure": _structure, "list": _list, "map": _map}.get(shape.type_name, _scalar)
    return list(check(shape, value, path))


def _structure(shape, value, path):
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    for name in value.keys() - members.keys():
        yield f"{path}.{name} is unknown"
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name} is required and missing"
    for name in value.keys() & members.keys():
        yield from problems(members[name], value[name], f"{path}.{name}")


def _list(shape, value, path):
    if not isinstance(value, list):
        yield f"{path} is no list"
        return
    for element in value:
        yield from problems(shape.member, element, f"{path}[]")


def _map(shape, value, path):
    if not isinstance(value, dict):
        yield f"{path} is no object"
        return
    for key, element in value.items():
        yield from problems(shape.key, key, f"{path} key")
        yield from problems(shape.value, element, f"{path}{{}}")


def _scalar(shape, value, path):
    kind = shape.type_name
    if kind in {"integer", "long"}:
        good = isinstance(value, int) and not isinstance(value, bool)
    elif kind in NUMBERS:
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
    else:
        good = isinstance(value, {"string": str, "boolean": bool}[kind])
    if not good:
        yield f"{path} is {value!r} instead of a {kind}"
        return
    choices = getattr(shape, "enum", None)
    if choices and value not in choices:
        yield f"{path} is {value!r}, none of {choices}"
    if shape.name in UNBOUNDED:
        return
    size = len(value) if kind == "string" else value
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{path} is {value!r}, outside {least} to {most}"
