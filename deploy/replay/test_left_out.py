"""What is not played is named, and what is made up has its place: left_out.py and references.py against the templates."""

import json

from left_out import UNPLAYED
from references import EXPORTS, PARAMETERS, SECRETS
from template import items, text_of

# What the replay reads, by type. With left_out.py these are all the properties that the services stack has.
PLAYED = {
    "AWS::ECS::TaskDefinition": {"Family", "NetworkMode", "ContainerDefinitions"},
    "ContainerDefinition": {
        *("Name", "Image", "Essential", "User", "ReadonlyRootFilesystem", "DependsOn", "StopTimeout", "PortMappings"),
        *("Command", "Environment", "Secrets", "HealthCheck"),
    },
    "AWS::ECS::Service": {
        *("ServiceName", "Cluster", "TaskDefinition", "DesiredCount", "NetworkConfiguration", "LoadBalancers"),
        "ServiceConnectConfiguration",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        *("TargetType", "Protocol", "Port", "HealthCheckPath", "HealthCheckIntervalSeconds", "HealthyThresholdCount"),
        *("UnhealthyThresholdCount", "Matcher"),
    },
}


def test_every_property_is_played_or_left_out_with_a_reason(templates):
    found = {kind: set() for kind in PLAYED}
    for kind in PLAYED:
        for stack, _, resource in templates.of_type(kind):
            assert stack == "services"
            found[kind] |= set(resource["Properties"])
            for container in items(resource["Properties"].get("ContainerDefinitions", [])):
                found["ContainerDefinition"] |= set(container)
    for kind, properties in found.items():
        assert properties == PLAYED[kind] | set(UNPLAYED.get(kind, {})), kind
        assert not PLAYED[kind] & set(UNPLAYED.get(kind, {})), kind


def test_every_reference_is_one_of_the_templates(templates):
    outputs = [output for template in templates.values() for output in template.get("Outputs", {}).values() if "Export" in output]
    exports = {text_of(output["Export"]["Name"]).removeprefix("${Project}-") for output in outputs}
    assert set(EXPORTS) <= exports
    assert set(PARAMETERS) <= set(templates["services"]["Parameters"])
    generated = templates.resource("data", "DatabaseSecret")["GenerateSecretString"]
    assert json.loads(generated["SecretStringTemplate"])["username"] == SECRETS[EXPORTS["DatabaseSecret"]]["username"]
    assert generated["PasswordLength"] == len(SECRETS[EXPORTS["DatabaseSecret"]]["password"])
