"""Requests made from botocore's model: the smallest complete one of each operation, and ones that are wrong in one place.

A place is a tuple of steps into the body: the name of a member, or 0 for the only element of a list.
"""

from support import calls
from support.graph import around_now
from support.model import MODEL

# A value of each kind that is right for most members, and one that is no value of that kind.
RIGHT = {"string": "x", "integer": 1, "long": 1, "double": 0.5, "boolean": True}
WRONG = {"string": {"a": 1}, "structure": 5, "list": "x", "map": [1], "timestamp": {"a": 1}, "boolean": "maybe"}

# Members for which the kind alone is not enough.
SPECIAL = {
    "ClientID": "0123456789abcdef01234567",
    "InsightId": calls.NO_INSIGHT,
    "PolicyDocument": calls.POLICY,
    "ResourceARN": "*",
}


def input_shape(operation):
    return MODEL.operation_model(operation).input_shape


def complete(operation):
    """The smallest body that the model accepts."""
    return _example(input_shape(operation))


def places(operation):
    """Every place of a request with its shape, except inside of maps."""
    yield from _places(input_shape(operation), ())


def required(operation):
    """The places that must be there when what is around them is."""
    for place, shape in [((), input_shape(operation)), *places(operation)]:
        if shape.type_name == "structure":
            yield from ((*place, name) for name in shape.required_members)


def without(operation, place):
    """A complete request that lacks one place."""
    body = _put(input_shape(operation), place, None)
    around = body
    for step in place[:-1]:
        around = around[step]
    del around[place[-1]]
    return body


def with_value(operation, place, value):
    """A complete request with a value of our choice in one place."""
    return _put(input_shape(operation), place, value)


def beyond(shape):
    """Values of the right kind that lie outside the shape's bounds."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string":
        yield from [] if not least else ["x" * (least - 1)]
        yield from [] if not most else ["x" * (most + 1)]
    elif shape.type_name in RIGHT:
        yield from [] if least is None else [least - 1]
        yield from [] if most is None else [most + 1]
    elif shape.type_name == "list" and most is not None:
        yield [_example(shape.member)] * (most + 1)
    elif shape.type_name == "map" and most is not None:
        yield {f"key-{number}": "x" for number in range(most + 1)}


def _places(shape, place):
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (*place, name), member
            yield from _places(member, (*place, name))
    elif shape.type_name == "list":
        yield (*place, 0), shape.member
        yield from _places(shape.member, (*place, 0))


def _example(shape, name=None):
    if shape.type_name == "structure":
        one_of = list(shape.members)[:1] if shape.is_tagged_union else []
        return {member: _example(shape.members[member], member) for member in shape.required_members or one_of}
    if shape.type_name == "list":
        return [_example(shape.member)]
    if shape.type_name == "map":
        return {}
    if shape.type_name == "timestamp":
        return around_now().get(name, around_now()["StartTime"])
    if getattr(shape, "enum", None):
        return shape.enum[0]
    return SPECIAL.get(name, RIGHT[shape.type_name])


def _put(shape, place, value):
    if not place:
        return value
    step, rest = place[0], place[1:]
    if shape.type_name == "list":
        return [_put(shape.member, rest, value)]
    return {**_example(shape), step: _put(shape.members[step], rest, value)}
