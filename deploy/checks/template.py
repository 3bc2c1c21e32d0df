"""The templates as data, and the questions that several checks ask of them."""

import json
import re
from pathlib import Path

import cfnlint.decode

DEPLOY = Path(__file__).resolve().parent.parent
ROOT = DEPLOY.parent
STACKS = ["network", "egress", "data", "cluster", "services", "scaling", "observability", "pipeline"]


def load(stack):
    template, problems = cfnlint.decode.decode(str(DEPLOY / "cloudformation" / f"{stack}.yml"))
    assert not problems, problems
    return json.loads(json.dumps(template))


class Templates(dict):
    """All templates by stack name."""

    @classmethod
    def load(cls):
        return cls((stack, load(stack)) for stack in STACKS)

    def of_type(self, kind):
        """(stack, logical id, resource) of every resource of one type."""
        return [
            (stack, name, resource)
            for stack, template in self.items()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        ]

    def resource(self, stack, name):
        return self[stack]["Resources"][name]["Properties"]


def walk(value, path=()):
    """Every dictionary, list and leaf below a value, with the way to it."""
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from walk(child, (*path, key))


def branches(value):
    """What a value may turn out to be: both sides of every Fn::If around it."""
    if isinstance(value, dict) and list(value) == ["Fn::If"]:
        return [leaf for side in value["Fn::If"][1:] for leaf in branches(side)]
    return [] if value == {"Ref": "AWS::NoValue"} else [value]


def items(values):
    """The entries of a list, whichever way its Fn::If go."""
    return [item for value in branches(values) for entry in value for item in branches(entry)]


def text_of(value):
    """The text of a Fn::Sub, or the value itself."""
    if isinstance(value, dict) and "Fn::Sub" in value:
        value = value["Fn::Sub"]
        return value if isinstance(value, str) else value[0]
    return value


def imported(value):
    """The name behind a Fn::ImportValue, without the project's prefix."""
    name = text_of(value["Fn::ImportValue"]) if isinstance(value, dict) and "Fn::ImportValue" in value else None
    return name and re.sub(r"^\$\{Project\}-", "", name)
