"""What is not played is named: left_out.py is complete, and names nothing that is not there."""

from left_out import UNPLAYED
from template import items

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
