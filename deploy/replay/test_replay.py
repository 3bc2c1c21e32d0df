"""The task definitions, played: whole traces and the whole map, with either sidecar."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from cloudformation import Stack
from network import WORKSHOP
from references import ACCOUNT, EXPORTS, LOAD_BALANCER, PARAMETERS, REGION, VISITOR
from waiting import eventually

LIKES = 12
AT_ONCE = 6
FARGATE = "AWS::ECS::Fargate"
MONOLITH, LIKE_SERVICE = ("monolith", FARGATE), ("like service", FARGATE)
DATABASE = f"mysfits@{EXPORTS['DatabaseHost']}"


class Like:
    """One like of a visitor, and what came back."""

    def __init__(self, site, mysfit, key, direct):
        self.direct = direct
        status, headers, body = site.visit("POST", f"/mysfits/{mysfit}/like", {"Idempotency-Key": key})
        assert status in {200, 404}, f"a like was answered {status}: {body}"
        self.status, self.trace_id = status, headers["X-Amzn-Trace-Id"].removeprefix("Root=").split(";")[0]


def like_some(site, name, direct=False):
    """Likes, some at the same time. What chaos does to each follows from its key, so a run repeats exactly."""
    mysfits = [mysfit["mysfitId"] for mysfit in json.loads(site.visit("GET", "/mysfits")[2])["mysfits"]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda n: Like(site, mysfits[n % len(mysfits)], f"{name}-{n}", direct), range(LIKES)))


@pytest.fixture(scope="module")
def likes(site):
    return like_some(site, site.sidecar)


def segments(site, like):
    """What the services sent about a like, once it is whole. A call that was tried twice has two segments at its other end."""
    wanted = {"like service": 1, "monolith": (not like.direct) + (like.status == 200)}

    def look():
        nonlocal sent
        documents = site.xray.documents(like.trace_id)
        sent = [document for document in documents if not document.get("inferred") and document.get("type") != "subsegment"]
        names = [document["name"] for document in sent]
        return set(names) <= set(wanted) and all(names.count(name) >= count for name, count in wanted.items())

    sent = []
    try:
        eventually(f"the segments of {like.trace_id}", look)
    except AssertionError as late:
        came = [(document["name"], document["aws"]["ecs"]["task_arn"].rsplit("/", 1)[1]) for document in sent]
        said = [f"{log.stem}: {line}" for log in WORKSHOP.glob("*.log") for line in log.read_text().splitlines() if like.trace_id in line]
        raise AssertionError("\n".join([f"{late}; there came {came}", *said])) from None
    return sent


def check_map(site, likes, expected):
    """The map over some likes has these edges and no others, and each like is on every one of them."""
    for like in likes:
        segments(site, like)
    services = site.xray.graph([like.trace_id for like in likes])
    name = {number: (service["Name"], service.get("Type", "")) for number, service in services.items()}
    calls = {
        (name[number], name[edge["ReferenceId"]]): edge["SummaryStatistics"]["TotalCount"]
        for number, service in services.items()
        for edge in service["Edges"]
    }
    assert set(calls) == set(expected)
    assert min(calls.values()) >= len(likes)


def test_the_tasks_listen_where_their_definitions_say(site):
    for task in site.all_tasks():
        listening = task.namespace.listening()
        ours = [entry for entry in task.definition["ContainerDefinitions"] if entry["Name"] != "sidecar"]
        mapped = {mapping["ContainerPort"] for entry in ours for mapping in entry["PortMappings"]}
        assert {port for address, port in listening if address == "0.0.0.0"} == mapped, "what others can reach"
        sidecar = next(entry for entry in task.definition["ContainerDefinitions"] if entry["Name"] == "sidecar")
        told = {mapping["ContainerPort"] for mapping in sidecar["PortMappings"] if mapping["Protocol"] == "tcp"}
        assert told <= {port for address, port in listening if address == "127.0.0.1"}, "what only the task can reach"
        assert task.app.user() == task.app.definition["User"]


def test_likes_have_the_labs_three_outcomes(likes):
    assert {like.status for like in likes} == {200, 404}
    assert len({like.trace_id for like in likes}) == LIKES


def test_every_like_is_one_trace_through_both_services(site, likes):
    roots = {header.split("Root=")[1].split(";")[0] for _, header, _ in site.balancer.passed_on}
    for like in likes:
        assert like.trace_id in roots, "the load balancer's own root"
        assert {document["origin"] for document in segments(site, like)} == {FARGATE}


def test_a_segment_says_who_sent_it_and_for_whom(site, likes):
    like = next(like for like in likes if like.status == 200)
    sent = segments(site, like)
    (front,) = [document for document in sent if "parent_id" not in document]
    request = front["http"]["request"]
    assert (request["client_ip"], request["x_forwarded_for"]) == (VISITOR, True), "the load balancer is believed"
    assert request["url"].startswith(f"http://{LOAD_BALANCER}/mysfits/")
    for document in sent:
        ecs, (logs,) = document["aws"]["ecs"], document["aws"]["cloudwatch_logs"]
        container = document["name"].replace(" ", "-")
        assert (ecs["container"], ecs["task_family"]) == (container, f"mysfits-{container}")
        assert ecs["task_arn"].startswith(f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/mysfits/{container}-")
        assert logs["log_group"] == EXPORTS["MonolithLogs" if container == "monolith" else "LikeServiceLogs"]


def test_the_map_is_whole(site, likes):
    good = [like for like in likes if like.status == 200][:5]
    check_map(
        site,
        good,
        [
            (("monolith", "client"), MONOLITH),
            (MONOLITH, LIKE_SERVICE),
            (LIKE_SERVICE, MONOLITH),
            (MONOLITH, (DATABASE, "Database::SQL")),
        ],
    )


def test_both_tasks_of_a_service_share_the_work(site, likes):
    for name, tasks in site.tasks.items():
        sent = [document for like in likes for document in site.xray.documents(like.trace_id) if not document.get("inferred")]
        seen = {document["aws"]["ecs"]["task_arn"].rsplit("/", 1)[1] for document in sent}
        assert {task.namespace.name for task in tasks} <= seen, name


def summaries(site, expression):
    now = datetime.now(timezone.utc)
    pages = site.xray.api.get_paginator("get_trace_summaries").paginate(
        StartTime=now - timedelta(minutes=10), EndTime=now + timedelta(seconds=1), FilterExpression=expression
    )
    return [summary for page in pages for summary in page["TraceSummaries"]]


def test_the_labs_group_holds_the_odd_likes_and_nothing_else(site, likes):
    (group,) = [group for group in site.xray.api.get_groups()["Groups"] if group["GroupName"] == "unusual-behavior"]
    for like in likes:
        segments(site, like)
    odd = {summary["Id"] for summary in summaries(site, group["FilterExpression"])}
    fast = [like for like in likes if like.trace_id not in odd]
    assert {like.trace_id for like in likes if like.status == 404} <= odd
    assert fast and all(like.status == 200 for like in fast)
    assert odd <= {like.trace_id for like in likes}, "health checks are no likes"


def test_health_checks_drown_the_rest_as_in_the_lab(site, likes):
    checks = eventually("health checks in X-Ray", lambda: summaries(site, 'http.useragent = "ELB-HealthChecker/2.0"'))
    asked = {service["Name"] for check in checks for service in check["ServiceIds"] if service.get("Type") == FARGATE}
    assert asked == {"monolith", "like service"}
    assert all(check["Http"]["HttpURL"].endswith("/") and check["Http"]["ClientIp"] == LOAD_BALANCER for check in checks)


def test_the_database_is_spoken_to_over_tls_and_holds_every_like(site, database, likes):
    sessions = database.ask("SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'mysfits'")
    assert sessions and set(sessions) == {"t"}
    prefix = site.sidecar
    (held,) = database.ask(f"SELECT count(*) FROM likes WHERE like_key LIKE '{prefix}-%'")
    assert int(held) == len([like for like in likes if like.status == 200])


def test_the_metadata_proxy_lets_visitors_ask_what_only_a_task_can(site):
    status, _, body = site.visit("GET", "/metadata/task")
    task = json.loads(body)
    assert (status, task["Family"]) == (200, "mysfits-like-service")
    assert {container["Name"] for container in task["Containers"]} == {"like-service", "metadata-proxy", "sidecar"}
    assert json.loads(site.visit("GET", "/metadata")[2])["Name"] == "metadata-proxy"
    assert site.visit("GET", "/metadata/task/credentials")[0] == 404


def test_likes_can_come_straight_from_the_load_balancer(site, templates, likes):
    site.balance(Stack(templates["services"], PARAMETERS | {"MetadataProxy": "on", "LikesRoute": "load-balancer"}))
    direct = like_some(site, f"{site.sidecar}-direct", direct=True)
    site.balance(site.services)
    good = [like for like in direct if like.status == 200][:5]
    for like in good:
        assert {document["name"] for document in segments(site, like) if "parent_id" not in document} == {"like service"}
    check_map(
        site,
        good,
        [(("like service", "client"), LIKE_SERVICE), (LIKE_SERVICE, MONOLITH), (MONOLITH, (DATABASE, "Database::SQL"))],
    )


def test_nobody_ended_or_complained(site, likes):
    for task in site.all_tasks():
        assert task.ended() == []
        lines = [json.loads(line) for line in task.app.lines()]
        assert [line for line in lines if line["level"] == "ERROR"] == []
        assert [line for line in lines if line["level"] == "WARN" and line["target"].startswith("shared::telemetry")] == []


def test_a_task_that_is_stopped_answers_what_it_was_asked(site, likes):
    """The last test: it takes one task of each service away, in the middle of slow likes."""
    def reached():
        """Likes that the Like service has begun with."""
        lines = (json.loads(line) for task in like_tasks for line in task.app.lines())
        return {line["trace_id"] for line in lines if "trace_id" in line}

    like_tasks = list(site.tasks["LikeService"])
    before = reached()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(like_some, site, f"{site.sidecar}-stop")
        # No others come: the last ones are on their way, and it is for the tasks to answer them.
        eventually("likes on their way", lambda: len(reached() - before) == LIKES)
        stopping = [tasks.pop() for tasks in site.tasks.values()]
        for task in stopping:
            site.balancer.deregister(task.address)
        assert [task.stop() for task in stopping] == [0, 0], [task.app.complaint("ended badly") for task in stopping]
        answered = under_way.result()
    for like in answered:
        segments(site, like)
