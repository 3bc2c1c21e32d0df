"""deploy/up and deploy/down, run for real against emulators of AWS on loopback."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from template import DEPLOY, STACKS, text_of
from emulators import DIRECTLY, NOT_AS_STACKS, NOT_IN_STACKS, REPLACED

REHEARSED = [stack for stack in STACKS if stack not in NOT_AS_STACKS]
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client(service, endpoint):
    return boto3.client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def wait_for(emulator, endpoint):
    deadline = time.monotonic() + 60
    while True:
        try:
            return client("sts", endpoint).get_caller_identity()
        except (BotoCoreError, ClientError):
            assert emulator.poll() is None and time.monotonic() < deadline, "the emulator does not answer"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def ministack(tmp_path_factory):
    port = free_port()
    environment = os.environ | KEYS | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    log = (tmp_path_factory.mktemp("ministack") / "log").open("w")
    with subprocess.Popen([sys.executable, "-m", "ministack"], env=environment, stdout=log, stderr=log) as emulator:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(emulator, endpoint)
        yield endpoint
        emulator.terminate()


@pytest.fixture(scope="module")
def moto():
    port = free_port()
    server = Path(sys.executable).with_name("moto_server")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], env=os.environ | KEYS, **quiet) as emulator:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(emulator, endpoint)
        yield endpoint
        emulator.terminate()


@pytest.fixture(scope="module")
def script(ministack, templates, tmp_path_factory):
    """Runs one of our scripts against ministack, with templates that lack what ministack does not know."""
    folder = tmp_path_factory.mktemp("templates")
    for stack in REHEARSED:
        (folder / f"{stack}.yml").write_text(json.dumps(known_part(stack, templates[stack])))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    endpoint = {"AWS_ENDPOINT_URL": ministack, "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true"}
    environment = os.environ | KEYS | endpoint | {"PATH": path, "MYSFITS_TEMPLATES": str(folder)}

    def run(name, *arguments):
        return subprocess.run([DEPLOY / name, *arguments], env=environment, capture_output=True, text=True, timeout=300)

    return run


def known_part(stack, template):
    template = json.loads(json.dumps(template))
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if resource["Type"] in NOT_IN_STACKS]:
        del resources[name]
    for (where, name, key), (value, _) in REPLACED.items():
        if where == stack:
            resources[name]["Properties"][key] = value
    return template


def stacks(endpoint):
    found = client("cloudformation", endpoint).describe_stacks()["Stacks"]
    return {stack["StackName"].removeprefix("mysfits-"): stack["StackStatus"] for stack in found}


UP = ["--only", ",".join(REHEARSED), "--allow", "203.0.113.7/32", "--alarm-email", "ops@example.com"]
for pair in ("monolith=example/monolith:1", "like-service=example/like-service:1", "sidecar=example/sidecar:1"):
    UP += ["--image", pair]


def test_up_is_safe_to_repeat_and_down_leaves_nothing(script, ministack):
    dry = script("up", "--dry-run", *UP)
    assert dry.returncode == 0 and "dry run" in dry.stdout, dry.stderr
    assert stacks(ministack) == {}, "a dry run changes nothing"

    first = script("up", *UP)
    assert first.returncode == 0, first.stdout + first.stderr
    assert stacks(ministack) == {stack: "CREATE_COMPLETE" for stack in REHEARSED}
    assert re.search(r"web site +http://", first.stdout), first.stdout

    again = script("up", *UP)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("No changes to deploy") == len(REHEARSED), again.stdout

    changed = script("up", *UP, "--chaos", "off", "--metadata-proxy")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    assert stacks(ministack)["services"] == "UPDATE_COMPLETE"
    assert re.search(r"task metadata +http://.*/metadata/task", changed.stdout), changed.stdout

    services = client("ecs", ministack).describe_services(cluster="mysfits", services=["monolith", "like-service"])["services"]
    assert [(service["desiredCount"], len(service["loadBalancers"])) for service in services] == [(2, 1), (2, 2)]

    asked = script("down", "--dry-run")
    assert asked.returncode == 0 and set(stacks(ministack)) == set(REHEARSED), asked.stderr
    down = script("down", "--yes")
    assert down.returncode == 0 and "gone" in down.stdout, down.stdout + down.stderr
    assert stacks(ministack) == {}
    rds = client("rds", ministack)
    assert rds.describe_db_clusters()["DBClusters"] == []
    assert rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"] == []

    nothing = script("down", "--yes")
    assert nothing.returncode == 0, "safe to repeat"


def test_mistakes_are_named_before_anything_happens(script, ministack):
    def check(arguments, complaint):
        run = script(*arguments)
        assert run.returncode == 1 and complaint in run.stderr, run.stdout + run.stderr

    check(["up", "--only", "netwerk"], "there is no stack 'netwerk'")
    check(["up", "--image", "monolit=x"], "--image knows monolith")
    check(["up", "--only"], "--only wants a value")
    check(["up", "--frobnicate"], "unknown argument")
    check(["up", "--only", "pipeline"], "wants --connection ARN")
    check(["down", "--only", "netwerk"], "there is no stack")
    assert stacks(ministack) == {}


def resolved(value, replacements):
    """A value with its references replaced by plain words."""
    if isinstance(value, dict):
        if set(value) & {"Ref", "Fn::ImportValue", "Fn::GetAtt", "Fn::Join"}:
            return replacements.get(json.dumps(value.get("Ref")), "example")
        if "Fn::Sub" in value:
            return re.sub(r"\$\{[\w:]+\}", "example", text_of(value))
        if "Fn::If" in value:
            return resolved(value["Fn::If"][1], replacements)
        return {key: resolved(child, replacements) for key, child in value.items()}
    return [resolved(child, replacements) for child in value] if isinstance(value, list) else value


def test_moto_accepts_scaling_alarms_and_dashboard(moto, templates):
    scaling, cloudwatch = client("application-autoscaling", moto), client("cloudwatch", moto)
    client("ecs", moto).create_cluster(clusterName="example")
    client("ecs", moto).register_task_definition(family="example", containerDefinitions=[{"name": "example", "image": "example", "memory": 8}])
    client("ecs", moto).create_service(cluster="example", serviceName="example", taskDefinition="example", desiredCount=2)
    target = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount", "ResourceId": "service/example/example"}
    limits = templates["scaling"]["Parameters"]
    scaling.register_scalable_target(
        **target, MinCapacity=limits["MinTasks"]["Default"], MaxCapacity=limits["MaxTasks"]["Default"]
    )
    arns = {}
    for _, name, policy in templates.of_type("AWS::ApplicationAutoScaling::ScalingPolicy"):
        properties = policy["Properties"]
        answer = scaling.put_scaling_policy(
            **target,
            PolicyName=properties["PolicyName"],
            PolicyType=properties["PolicyType"],
            StepScalingPolicyConfiguration=properties["StepScalingPolicyConfiguration"],
        )
        arns[json.dumps(name)] = answer["PolicyARN"]
    alarms = templates.of_type("AWS::CloudWatch::Alarm")
    for _, _, alarm in alarms:
        cloudwatch.put_metric_alarm(**resolved(alarm["Properties"], arns))
    assert len(cloudwatch.describe_alarms()["MetricAlarms"]) == len(alarms)
    dashboard = templates.resource("observability", "Dashboard")
    assert cloudwatch.put_dashboard(DashboardName="example", DashboardBody=resolved(dashboard["DashboardBody"], {})) is not None
    assert set(DIRECTLY) <= set(templates)


def in_api_words(value):
    """CloudFormation writes Stages where the API says stages; the keys of an action's configuration are its own."""
    if isinstance(value, dict):
        keep = {"Configuration"}
        return {key[0].lower() + key[1:]: child if key in keep else in_api_words(child) for key, child in value.items()}
    return [in_api_words(child) for child in value] if isinstance(value, list) else value


def test_moto_accepts_the_pipeline(moto, templates):
    properties = resolved(templates.resource("pipeline", "Pipeline"), {})
    trust = templates.resource("pipeline", "PipelineRole")["AssumeRolePolicyDocument"]
    role = client("iam", moto).create_role(RoleName="example", AssumeRolePolicyDocument=json.dumps(resolved(trust, {})))["Role"]
    pipeline = in_api_words(properties) | {"roleArn": role["Arn"], "version": 1}
    codepipeline = client("codepipeline", moto)
    made = codepipeline.create_pipeline(pipeline=pipeline)["pipeline"]
    assert [stage["name"] for stage in made["stages"]] == ["Source", "Build", "Deploy"]
    project = in_api_words(resolved(templates.resource("pipeline", "Build"), {})) | {"serviceRole": role["Arn"]}
    source = project["source"]
    # The API spells it so; and moto asks for places even where the pipeline is source and destination.
    project["source"] = {"type": source["type"], "buildspec": source["buildSpec"], "location": "example"}
    project["artifacts"] |= {"location": "example"}
    assert client("codebuild", moto).create_project(**project)["project"]["name"] == "example-images"
