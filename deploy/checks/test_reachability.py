"""Who can speak to whom, by the rules of the security groups: all that the services need, and nothing besides."""

import ipaddress

import pytest
from template import imported, items, walk

ANYWHERE = ipaddress.ip_network("0.0.0.0/0")


class Place:
    """Somebody in the VPC: the groups it is in, and the subnets it may be in."""

    def __init__(self, templates, groups, subnets):
        network = templates["network"]["Resources"]
        groups = list(groups)
        self.groups = set(groups)
        self.rules = [network[group]["Properties"] for group in groups]
        self.subnets = [ipaddress.ip_network(network[subnet]["Properties"]["CidrBlock"]) for subnet in subnets]


@pytest.fixture(scope="module")
def places(templates):
    services = templates["services"]["Resources"]

    def of_service(name):
        where = services[name]["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
        return Place(templates, map(imported, where["SecurityGroups"]), map(imported, where["Subnets"]))

    balancer = services["LoadBalancer"]["Properties"]
    database = templates.resource("data", "Database")
    subnets = templates.resource("data", "SubnetGroup")["SubnetIds"]
    endpoint = templates.resource("egress", "XRayEndpoint")
    return {
        "load balancer": Place(templates, map(imported, balancer["SecurityGroups"]), map(imported, balancer["Subnets"])),
        "monolith": of_service("MonolithService"),
        "like service": of_service("LikeService"),
        "database": Place(templates, map(imported, database["VpcSecurityGroupIds"]), map(imported, subnets)),
        "endpoints": Place(templates, map(imported, endpoint["SecurityGroupIds"]), map(imported, endpoint["SubnetIds"])),
    }


def covers(rule, port):
    return rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"]


def holds(rule, networks):
    """Whether a rule's addresses hold every subnet; one that names a group holds none."""
    return isinstance(rule.get("CidrIp"), str) and all(
        network.subnet_of(ipaddress.ip_network(rule["CidrIp"])) for network in networks
    )


def lets_out(caller, callee, port):
    rules = [rule for group in caller.rules for rule in items(group["SecurityGroupEgress"]) if covers(rule, port)]
    return any(holds(rule, callee.subnets) for rule in rules)


def lets_in(caller, callee, port):
    rules = [rule for group in callee.rules for rule in items(group.get("SecurityGroupIngress", [])) if covers(rule, port)]
    named = any(rule.get("SourceSecurityGroupId", {}).get("Ref") in caller.groups for rule in rules)
    return named or any(holds(rule, caller.subnets) for rule in rules)


NEEDED = [
    ("load balancer", "monolith", 8080),
    ("load balancer", "like service", 8081),
    ("load balancer", "like service", 8001),  # only with lab 1's metadata proxy
    ("monolith", "like service", 8081),
    ("like service", "monolith", 8090),
    ("monolith", "database", 5432),
    ("monolith", "endpoints", 443),
    ("like service", "endpoints", 443),
]


@pytest.mark.parametrize(("caller", "callee", "port"), NEEDED)
def test_what_a_like_needs_is_open(places, caller, callee, port):
    caller, callee = places[caller], places[callee]
    assert lets_out(caller, callee, port)
    assert lets_in(caller, callee, port)


def test_nothing_else_is_open(places):
    ports = {80, 443, 2000, 4317, 4318, 5432, 8001, 8080, 8081, 8090, 8091}
    is_open = {
        (caller, callee, port)
        for caller in places
        for callee in places
        for port in ports
        if caller != callee and lets_out(places[caller], places[callee], port) and lets_in(places[caller], places[callee], port)
    }
    assert is_open == set(NEEDED)


def test_the_metadata_proxy_is_reached_only_where_there_is_one(templates):
    for path, rule in walk(templates["network"]["Resources"]):
        if isinstance(rule, dict) and rule.get("FromPort") == 8001:
            assert path[-2:] == ("Fn::If", 1) and templates["network"]["Conditions"]["HasMetadataProxy"], path


def test_only_the_load_balancer_takes_visitors(templates, places):
    for name, place in places.items():
        for rules in place.rules:
            for rule in items(rules.get("SecurityGroupIngress", [])):
                source = rule.get("CidrIp")
                assert source is None or (name == "load balancer" and source == {"Ref": "AllowedCidr"}), name
    assert "Default" not in templates["network"]["Parameters"]["AllowedCidr"], "nobody is let in without being named"


def test_only_tasks_reach_the_internet_and_only_over_tls(places):
    for name, place in places.items():
        out = [rule for rules in place.rules for rule in items(rules["SecurityGroupEgress"]) if holds(rule, [ANYWHERE])]
        assert {rule["FromPort"] for rule in out} <= {443} and bool(out) == (name in {"monolith", "like service"}), name
