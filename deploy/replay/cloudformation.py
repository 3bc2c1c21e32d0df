"""CloudFormation's part: a template's resources with their parameters filled in and their references resolved by references.py."""

import re

from references import EXPORTS, PROJECT, PSEUDO_PARAMETERS, ZONES

NO_VALUE = object()


class Stack:
    """One template, and the parameters it is deployed with; the others keep their defaults."""

    def __init__(self, template, parameters):
        given = {name: value for name, value in parameters.items() if name in template["Parameters"]}
        defaults = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
        self.template = template
        self.values = PSEUDO_PARAMETERS | defaults | given

    def resource(self, name):
        """The properties of one resource, all references resolved."""
        return self._resolve(self.template["Resources"][name]["Properties"])

    def of_type(self, kind):
        """Every resource of a type that its condition lets exist, by logical id."""
        return {
            name: self.resource(name)
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == kind and ("Condition" not in resource or self._condition(resource["Condition"]))
        }

    def _resolve(self, value):
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Ref" or function.startswith("Fn::"):
                return self._call(function, argument)
        resolved = {key: self._resolve(child) for key, child in value.items()}
        return {key: child for key, child in resolved.items() if child is not NO_VALUE}

    def _call(self, function, argument):
        match function:
            case "Ref":
                return self._name(argument)
            case "Fn::If":
                condition, yes, no = argument
                return self._resolve(yes if self._condition(condition) else no)
            case "Fn::Sub":
                text, names = (argument, {}) if isinstance(argument, str) else argument
                names = self._resolve(names)
                return re.sub(r"\$\{([\w:.]+)\}", lambda match: str(names.get(match[1]) or self._name(match[1])), text)
            case "Fn::Join":
                separator, parts = argument
                return separator.join(self._resolve(parts))
            case "Fn::ImportValue":
                return EXPORTS[self._resolve(argument).removeprefix(f"{PROJECT}-")]
            case "Fn::Select":
                index, values = argument
                return self._resolve(values)[index]
            case "Fn::GetAZs":
                return ZONES
            case "Fn::GetAtt":
                return ".".join(argument) if isinstance(argument, list) else argument
        raise NotImplementedError(f"{function}: the templates did without it so far")

    def _name(self, name):
        """A parameter, or a resource of this stack: that one is meant by its logical id."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        if name.split(".")[0] in self.template["Resources"]:
            return name
        raise KeyError(f"{name} is not in references.py")

    def _condition(self, name):
        return self._holds(self.template["Conditions"][name])

    def _holds(self, condition):
        ((function, argument),) = condition.items()
        match function:
            case "Fn::Equals":
                left, right = map(self._resolve, argument)
                return left == right
            case "Fn::Not":
                return not self._holds(argument[0])
        raise NotImplementedError(f"{function}: the templates did without it so far")
