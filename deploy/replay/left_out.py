"""What a deployment has and the replay has not, and why. The one list: a property of the templates that is neither played nor named here fails a test."""

# What stands in for the part of AWS, or for the image, that cannot be had on one machine.
STAND_INS = {
    "ADOT collector": "rotel, with the addresses of collector/fargate.yaml. It passes OTLP on to local-xray, which makes segments as ADOT's awsxray exporter"
    " would: rotel's own X-Ray exporter drops the resource, and so every name and origin",
    "ADOT's awsproxy": "a relay of TCP connections to local-xray",
    "ADOT's awsemf": "nothing: metrics are taken and thrown away, so no embedded metric format is made",
    "ADOT's /healthcheck": "whether its ports accept",
    "X-Ray daemon": "local-xray on port 2000 of each task's loopback. One process cannot sit in four namespaces, so a relay hands its datagrams over unread",
    "AWS X-Ray": "local-xray --strict, with the group and the sampling rules of observability.yml",
    "Aurora": "PostgreSQL with verified TLS only, a user without superuser rights, and the password from the secret",
    "Service Connect's proxy": "a relay of TCP connections in each task: same names, same loopback addresses; no retries, no outlier detection, no metrics."
    " AWS redirects packets, so that a task also knows its own service's name; here that port is the service's own, and the name is left out",
    "load balancer": "load_balancer.py: rules, health checks, trace header and X-Forwarded-* as documented; no TLS, no stickiness",
    "metadata endpoint": "metadata.py, version 4: task and container; no stats",
    "VPC": "one bridge: subnets' addresses are true, routes and security groups are not (checks/test_reachability.py reads the groups)",
    "images": "the programs of target/debug in a read-only root of their own, with the C library and nothing else, as in the distroless base",
}

# Properties of the services stack that change nothing here: by type, name and reason.
UNPLAYED = {
    "AWS::ECS::TaskDefinition": {
        "RequiresCompatibilities": "whether Fargate takes the definition is cfn-lint's question",
        "RuntimePlatform": "this machine's processor is what it is",
        "Cpu": "tasks share the machine without limits; so do they share memory",
        "Memory": "as above",
        "ExecutionRoleArn": "roles are walked in checks/test_roles.py",
        "TaskRoleArn": "as above",
    },
    "ContainerDefinition": {
        "Cpu": "as for the task",
        "Memory": "as above",
        "LogConfiguration": "awslogs is not there: lines go to a file, and the group's name into the metadata",
    },
    "AWS::ECS::Service": {
        "LaunchType": "told in the metadata",
        "HealthCheckGracePeriodSeconds": "nobody replaces tasks here: one that is not healthy in time fails the replay",
        "DeploymentConfiguration": "there is one deployment, and no rollback",
        "PropagateTags": "tags are for the bill",
        "Tags": "as above, and for the order in which CloudFormation makes things",
    },
    "AWS::ElasticLoadBalancingV2::TargetGroup": {
        "VpcId": "there is one network",
        "TargetGroupAttributes": "the delay is not waited for: a task is told to stop as soon as it gets no new requests, which is harder",
    },
}

# Intervals of health checks are divided by this. Nothing depends on their length but how long the replay takes.
FASTER = 10
