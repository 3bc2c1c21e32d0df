"""All of it together: the services stack on the VPC, between a load balancer and X-Ray, as `deploy/up` would leave it."""

import http.client
import ipaddress
from concurrent.futures import ThreadPoolExecutor

from cloudformation import Stack
from load_balancer import LoadBalancer, Target
from metadata import MetadataEndpoint
from references import LOAD_BALANCER, PARAMETERS, VISITOR
from task import Task
from waiting import eventually
from xray import XRay

SERVICES = {"MonolithService": "MonolithTask", "LikeService": "LikeServiceTask"}


class Deployment:
    def __init__(self, templates, database, parameters):
        self.sidecar = parameters["TraceSidecar"]
        self.services = Stack(templates["services"], PARAMETERS | parameters)
        self.network = Stack(templates["network"], {"AllowedCidr": f"{VISITOR}/32"})
        self.xray = XRay(Stack(templates["observability"], {}))
        self.metadata = MetadataEndpoint()
        self.tasks = {name: [] for name in SERVICES}
        self.balancer = None
        places = {name: self._places(name) for name in SERVICES}
        connect = self._service_connect(places)
        for name, kind in SERVICES.items():
            for place in places[name]:
                definition = self.services.resource(kind)
                task = Task(self.services.resource(name), definition, place, self.metadata, connect, database.certificates)
                self.tasks[name].append(task)

    def start(self):
        """Everything at once, as ECS does it; returns when the load balancer has found all targets healthy."""
        tasks = self.all_tasks()
        with ThreadPoolExecutor(len(tasks)) as pool:
            list(pool.map(Task.start, tasks))
        self.balance(self.services)
        return self

    def balance(self, stack):
        """The load balancer of a stack, in front of the tasks there are."""
        if self.balancer:
            self.balancer.stop()
        groups = {name: (group, self._targets(name)) for name, group in stack.of_type("AWS::ElasticLoadBalancingV2::TargetGroup").items()}
        (listener,) = stack.of_type("AWS::ElasticLoadBalancingV2::Listener").values()
        self.balancer = LoadBalancer(groups, listener, stack.of_type("AWS::ElasticLoadBalancingV2::ListenerRule").values())
        eventually("all targets healthy", self.balancer.all_healthy)
        eventually("likes sampled by X-Ray's rule", self._keeps_likes)

    def _keeps_likes(self):
        """Whether every task that takes likes keeps them. Before they know the rules, tasks keep one request a second and 5 % of the others."""
        for _ in range(5 * len(self.all_tasks())):
            _, headers, _ = self.visit("POST", "/mysfits/nobody/like", {"X-Amzn-Trace-Id": "Sampled=?"})
            if not headers["X-Amzn-Trace-Id"].endswith(";Sampled=1"):
                return False
        return True

    def all_tasks(self):
        return [task for tasks in self.tasks.values() for task in tasks]

    def visit(self, method, path, headers=None):
        """A request of a visitor; returns (status, answered headers, body)."""
        connection = http.client.HTTPConnection(LOAD_BALANCER, 80, timeout=30, source_address=(VISITOR, 0))
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def stop(self):
        if self.balancer:
            self.balancer.stop()
        for task in self.all_tasks():
            task.stop()
        self.metadata.stop()
        self.xray.stop()

    def _places(self, name):
        """(name, zone, address) of each task, spread over the service's subnets."""
        service = self.services.resource(name)
        subnets = service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]
        places = []
        for number in range(int(service["DesiredCount"])):
            subnet = self.network.resource(subnets[number % len(subnets)])
            address = ipaddress.ip_network(subnet["CidrBlock"])[10 + 10 * list(SERVICES).index(name) + number]
            places.append((f"{service['ServiceName']}-{number + 1}", subnet["AvailabilityZone"], str(address)))
        return places

    def _service_connect(self, places):
        connect = {}
        for name, kind in SERVICES.items():
            ports = {
                mapping["Name"]: mapping["ContainerPort"]
                for container in self.services.resource(kind)["ContainerDefinitions"]
                for mapping in container["PortMappings"]
                if "Name" in mapping
            }
            for served in self.services.resource(name)["ServiceConnectConfiguration"]["Services"]:
                for alias in served["ClientAliases"]:
                    targets = [f"{address}:{ports[served['PortName']]}" for _, _, address in places[name]]
                    connect[alias["DnsName"], alias["Port"]] = targets
        return connect

    def _targets(self, group):
        return [
            Target(task.address, binding["ContainerPort"])
            for name, tasks in self.tasks.items()
            for binding in self.services.resource(name)["LoadBalancers"]
            if binding["TargetGroupArn"] == group
            for task in tasks
        ]
