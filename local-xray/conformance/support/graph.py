"""Reading a service graph: nodes by name and type, edges by the nodes they join."""

import time

MINUTE = 60


def around_now():
    """The window of the last ten minutes, and one more for clocks that disagree."""
    now = time.time()
    return {"StartTime": now - 10 * MINUTE, "EndTime": now + MINUTE}


class Graph:
    """The services of a GetServiceGraph or GetTraceGraph answer."""

    def __init__(self, services):
        self.nodes = {(node["Name"], node.get("Type")): node for node in services}
        names = {node["ReferenceId"]: key for key, node in zip(self.nodes, services, strict=True)}
        self.edges = {
            (key, names[edge["ReferenceId"]]): edge for key, node in self.nodes.items() for edge in node["Edges"]
        }

    def calls(self, source, target):
        """How many calls the edge counts; 0 where there is none."""
        edge = self.edges.get((source, target))
        return edge["SummaryStatistics"]["TotalCount"] if edge else 0

    def __repr__(self):
        return " ".join(f"{source}->{target}" for source, target in self.edges) or "empty graph"


def service_graph(xray, **more):
    return Graph(xray.get_service_graph(**around_now(), **more)["Services"])
