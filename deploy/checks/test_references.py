"""What linters miss: names that have to agree with names elsewhere, in the templates and in the code."""

import json
import re

import pytest
from template import DEPLOY, ROOT, branches, imported, items, text_of, walk

SERVICES = {"MonolithService": "MonolithTask", "LikeService": "LikeServiceTask"}
SOURCES = {"monolith": ["monolith/src", "shared/src"], "like-service": ["like-service/src", "shared/src"]}

# Metrics, with the sets of dimensions under which CloudWatch keeps them: by AWS's tables of ECS's and the load balancer's metrics.
SERVICE = {"ClusterName", "ServiceName"}
BALANCED = ({"LoadBalancer"}, {"LoadBalancer", "TargetGroup"})
METRICS = {
    "AWS/ECS": {
        "CPUUtilization": (SERVICE,),
        "MemoryUtilization": (SERVICE,),
        "RequestCount": ({"DiscoveryName"}, SERVICE | {"DiscoveryName"}),  # what Service Connect counts where a request arrives
    },
    "AWS/ApplicationELB": {
        "RequestCount": BALANCED,
        "TargetResponseTime": BALANCED,
        "HTTPCode_Target_4XX_Count": BALANCED,
        "HTTPCode_Target_5XX_Count": BALANCED,
    },
}


def app_container(task):
    """The container that is the service; the sidecar comes in two kinds."""
    (container,) = [entry for entry in items(task["ContainerDefinitions"]) if entry["Name"] in SOURCES]
    return container


def sidecars(task):
    return [entry for entry in items(task["ContainerDefinitions"]) if entry["Name"] == "sidecar"]


def environment(container):
    return {entry["Name"]: entry.get("Value") for entry in container.get("Environment", [])}


@pytest.fixture(params=SERVICES)
def service(request, templates):
    """A service with its task definition."""
    name = request.param
    return templates.resource("services", name), templates.resource("services", SERVICES[name])


def test_every_import_has_its_export(templates):
    exports = {
        text_of(output["Export"]["Name"]).removeprefix("${Project}-"): stack
        for stack, template in templates.items()
        for output in template.get("Outputs", {}).values()
        if "Export" in output
    }
    order = list(templates)
    imports = 0
    for stack, template in templates.items():
        for path, value in walk(template["Resources"]):
            if name := imported(value):
                imports += 1
                assert name in exports, f"{stack} {path}"
                assert order.index(exports[name]) < order.index(stack), f"{stack} stands before {exports[name]}"
    assert imports > 40


def test_ports_of_services_containers_and_target_groups_agree(templates, service):
    service, task = service
    targets = {target["ContainerName"]: target for target in items(service["LoadBalancers"])}
    assert app_container(task)["Name"] in targets
    for container in items(task["ContainerDefinitions"]):
        if target := targets.get(container["Name"]):
            port = container["PortMappings"][0]["ContainerPort"]
            group = templates.resource("services", target["TargetGroupArn"]["Ref"])
            assert target["ContainerPort"] == port == group["Port"]
            assert environment(container)["LISTEN_ADDR"] == f"0.0.0.0:{port}"
    ports = {mapping["Name"]: mapping["ContainerPort"] for mapping in app_container(task)["PortMappings"]}
    for connect in service["ServiceConnectConfiguration"]["Services"]:
        assert connect["ClientAliases"][0]["Port"] == ports[connect["PortName"]]


def test_services_call_one_another_by_names_that_service_connect_knows(templates):
    aliases = {
        f"http://{alias['DnsName']}:{alias['Port']}"
        for name in SERVICES
        for connect in templates.resource("services", name)["ServiceConnectConfiguration"]["Services"]
        for alias in connect["ClientAliases"]
    }
    monolith = environment(app_container(templates.resource("services", "MonolithTask")))
    like = environment(app_container(templates.resource("services", "LikeServiceTask")))
    assert monolith["LIKE_URL"] in aliases and like["MONOLITH_URL"] in aliases
    assert monolith["INTERNAL_LISTEN_ADDR"].endswith(like["MONOLITH_URL"].rsplit(":")[-1])
    assert like["INTERNAL_LISTEN_ADDR"].startswith("127.0.0.1:"), "the chaos switch asks nobody for a token"


def test_the_metadata_proxy_is_the_like_service_with_another_argument(templates):
    task = templates.resource("services", "LikeServiceTask")
    (proxy,) = [entry for entry in items(task["ContainerDefinitions"]) if entry["Name"] == "metadata-proxy"]
    assert proxy["Image"] == app_container(task)["Image"]
    assert proxy["HealthCheck"] == app_container(task)["HealthCheck"]
    (verb,) = proxy["Command"]
    assert f'["{verb}"]' in (ROOT / "like-service/src/main.rs").read_text()
    assert not proxy["Essential"] and "Secrets" not in proxy
    (rule,) = templates.resource("services", "MetadataRule")["Conditions"]
    served = re.findall(r'\("(/metadata[^"]*)", ', (ROOT / "like-service/src/metadata_proxy.rs").read_text())
    assert served and rule["PathPatternConfig"]["Values"] == ["/metadata", "/metadata/*"]


def test_the_code_knows_every_variable(service):
    _, task = service
    container = app_container(task)
    literals = {
        literal
        for folder in SOURCES[container["Name"]]
        for path in (ROOT / folder).rglob("*.rs")
        for literal in re.findall(r'"([A-Z][A-Z0-9_]{2,})"', path.read_text())
    }
    names = set(environment(container)) | {secret["Name"] for secret in container["Secrets"]}
    assert names <= literals, f"{names - literals}: nobody reads these"
    needed = {
        "monolith": {"LIKE_URL", "DB_HOST", "DB_USER", "DB_PASSWORD", "DB_NAME", "INTERNAL_TOKEN"},
        "like-service": {"MONOLITH_URL", "INTERNAL_TOKEN", "CHAOSMODE"},
    }
    assert needed[container["Name"]] <= names


def test_the_database_is_verified_against_a_file_in_the_image(templates):
    app = environment(app_container(templates.resource("services", "MonolithTask")))
    assert app["DB_SSLMODE"] == "verify-full"
    folder, file = app["DB_SSLROOTCERT"].rsplit("/", 1)
    assert f"COPY deploy/certificates {folder}" in (DEPLOY / "Dockerfile").read_text()
    for script in ("up", "buildspec.yml"):
        assert f"certificates/{file}" in (DEPLOY / script).read_text()


def test_secrets_are_only_ever_named(templates):
    for _, name, task in templates.of_type("AWS::ECS::TaskDefinition"):
        for container in items(task["Properties"]["ContainerDefinitions"]):
            plain = environment(container)
            assert not {"DB_PASSWORD", "DB_USER", "INTERNAL_TOKEN", "DATABASE_URL"} & set(plain), name


def test_containers_are_locked_down_and_stop_in_time(service):
    _, task = service
    app = app_container(task)
    assert app["User"] == "65532:65532" and app["StopTimeout"] >= 12 + 5
    assert app["HealthCheck"]["Command"] == ["CMD", "/app", "healthcheck"]
    for container in [app, *sidecars(task)]:
        assert container["ReadonlyRootFilesystem"] is True
    kinds = {"collector" if "Environment" in sidecar else "daemon": sidecar for sidecar in sidecars(task)}
    assert set(kinds) == {"collector", "daemon"}
    assert {"ContainerPort": 2000, "Protocol": "udp"} in kinds["daemon"]["PortMappings"]


def test_the_collector_listens_where_the_services_send(service):
    _, task = service
    app = environment(app_container(task))
    config = (DEPLOY / "collector" / "fargate.yaml").read_text()
    assert f"http: {{ endpoint: {app['OTEL_EXPORTER_OTLP_ENDPOINT'].removeprefix('http://')} }}" in config
    assert f"awsproxy: {{ endpoint: {app['AWS_XRAY_DAEMON_ADDRESS']} }}" in config
    (collector,) = [sidecar for sidecar in sidecars(task) if "Environment" in sidecar]
    assert set(re.findall(r"\$\{env:(\w+)\}", config)) <= set(environment(collector))
    assert len(config) <= 4096, "a stack parameter holds no more"


def test_the_sidecar_image_is_the_one_that_deploy_up_copies(templates):
    default = templates["services"]["Parameters"]["SidecarImage"]["Default"]
    assert f"ARG ADOT_IMAGE={default}\n" in (DEPLOY / "Dockerfile").read_text()


def test_health_check_paths_are_routes(templates):
    routes = {
        "MonolithTargets": ["monolith/src/routes.rs", "monolith/src/handlers/site.rs"],
        "LikeServiceTargets": ["like-service/src/routes.rs"],
        "MetadataTargets": ["like-service/src/metadata_proxy.rs"],
    }
    for _, name, group in templates.of_type("AWS::ElasticLoadBalancingV2::TargetGroup"):
        source = "".join((ROOT / file).read_text() for file in routes[name])
        path = re.escape(group["Properties"]["HealthCheckPath"])
        assert re.search(rf'(read|resource)\("{path}"[,)]', source), name


def test_the_dashboard_shows_metrics_that_exist(templates):
    body, names = templates.resource("observability", "Dashboard")["DashboardBody"]["Fn::Sub"]
    for variable in set(re.findall(r"\$\{([\w:]+)\}", body)):
        assert variable in names or variable.startswith("AWS::"), variable
    dashboard = json.loads(re.sub(r"\$\{[\w:]+\}", "x", body))
    titles = [widget["properties"]["title"] for widget in dashboard["widgets"]]
    for wanted in ["Monolith: tasks", "Like service: tasks", "CPU", "Memory", "Requests a minute"]:
        assert wanted in titles, "the widgets of labs 1 and 4"
    for widget in dashboard["widgets"]:
        for namespace, metric, *rest in widget["properties"]["metrics"]:
            dimensions = [part for part in rest if isinstance(part, str)]
            assert len(dimensions) % 2 == 0 and set(dimensions[::2]) in METRICS[namespace][metric], metric


def test_alarms_watch_metrics_that_exist_and_wake_somebody(templates):
    alarms = templates.of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) == 4
    for stack, name, alarm in alarms:
        properties = alarm["Properties"]
        spaces, dimensions = branches(properties["Namespace"]), branches(properties["Dimensions"])
        for namespace, named in zip(spaces, dimensions, strict=True):
            assert {dimension["Name"] for dimension in named} in METRICS[namespace][properties["MetricName"]], name
        for action in properties["AlarmActions"]:
            kind = templates[stack]["Resources"][action["Ref"]]["Type"]
            assert kind in {"AWS::SNS::Topic", "AWS::ApplicationAutoScaling::ScalingPolicy"}, name


def test_saved_queries_find_what_the_services_write(templates):
    queries = {name: query["Properties"] for _, name, query in templates.of_type("AWS::Logs::QueryDefinition")}
    lab = (ROOT / "labs/2-logs.md").read_text()
    for query in queries.values():
        assert query["Name"]["Fn::Sub"].removeprefix("${Project}/") in lab
    pattern = re.search(r"parse @message /(.+)/", queries["OddLikes"]["QueryString"])[1]
    assert f"parse @message /{pattern}/" in lab
    assert "chaos.fault = fault.name()" in (ROOT / "like-service/src/handlers/likes.rs").read_text()
    faults = re.findall(r'Self::\w+(?: \{ \.\. \})? => "(\w+)"', (ROOT / "like-service/src/chaos.rs").read_text())
    assert {"slow", "not_found"} <= set(faults)
    for fault in faults:
        line = json.dumps({"fields": {"mysfit.id": "x", "chaos.fault": fault}}, separators=(",", ":"))
        assert re.search(pattern.replace("(?<", "(?P<"), line)["fault"] == fault


def test_the_pipeline_builds_what_the_services_run(templates):
    buildspec = (DEPLOY / "buildspec.yml").read_text()
    files = re.search(r"files: \[(.*)\]", buildspec)[1].split(", ")
    deploys = [stage for stage in templates.resource("pipeline", "Pipeline")["Stages"] if stage["Name"] == "Deploy"]
    assert [action["Configuration"]["FileName"] for action in deploys[0]["Actions"]] == files
    names = [app_container(templates.resource("services", task))["Name"] for task in SERVICES.values()]
    assert [f"{name}.json" for name in names] == files
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    for name in names:
        assert re.search(rf"^FROM .* AS {name}$", dockerfile, re.MULTILINE), name
