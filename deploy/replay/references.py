"""What AWS would fill in: the one table by which the references of the templates are resolved. A reference that is not here stops the replay.

Names and addresses are made up, from the ranges that are kept for documentation where the templates do not say.
"""

from template import DEPLOY

REGION = "us-east-1"
ACCOUNT = "111122223333"
PROJECT = "mysfits"
ZONES = [f"{REGION}a", f"{REGION}b", f"{REGION}c"]

PSEUDO_PARAMETERS = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}

# What deploy/up fills in; every other parameter keeps its default.
PARAMETERS = {
    "MonolithImage": "mysfits/monolith:replay",
    "LikeServiceImage": "mysfits/like-service:replay",
    "SidecarImage": "mysfits/sidecar:replay",
    "CollectorConfig": (DEPLOY / "collector" / "fargate.yaml").read_text(),
}

# The program behind each image, in target/debug.
IMAGES = {
    "mysfits/monolith:replay": "monolith",
    "mysfits/like-service:replay": "like-service",
}

# Outputs of the other stacks.
EXPORTS = {
    "DatabaseHost": f"mysfits.cluster-cexample.{REGION}.rds.amazonaws.com",
    "DatabaseSecret": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:mysfits/database-AbCdEf",
    "InternalToken": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:mysfits/internal-token-AbCdEf",
    "Cluster": PROJECT,
    "MonolithLogs": "/mysfits/monolith",
    "LikeServiceLogs": "/mysfits/like-service",
    "SidecarLogs": "/mysfits/sidecar",
    "VpcId": "vpc-0a1b2c3d",
    # Whole resources of the network stack: the replay reads their addresses there.
    **{name: name for name in ("PublicSubnetA", "PublicSubnetB", "PrivateSubnetA", "PrivateSubnetB", "DataSubnetA", "DataSubnetB")},
    **{name: name for name in ("LoadBalancerGroup", "LikeCallersGroup", "LikeServiceGroup", "MonolithGroup")},
}

# What Secrets Manager would answer. The user is the one that data.yml names, the rest is generated there.
SECRETS = {
    EXPORTS["DatabaseSecret"]: {"username": "mysfits", "password": "replayed8pAsswordOf40LettersAndDigits000"},
    EXPORTS["InternalToken"]: "replayed8tOkenOf40LettersAndDigits000000",
}

# What ECS gives every container of its own accord, besides ECS_CONTAINER_METADATA_URI_V4.
GIVEN_BY_ECS = {"AWS_EXECUTION_ENV": "AWS_ECS_FARGATE", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}

# Addresses that the templates leave open.
LOAD_BALANCER = "10.42.0.10"  # in the first public subnet
DATABASE = "10.42.20.10"  # in the first isolated subnet
METADATA = "169.254.170.2"  # as on AWS
XRAY = "198.51.100.1"  # AWS X-Ray, that is local-xray
VISITOR = "203.0.113.7"
