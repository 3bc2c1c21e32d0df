"""What the emulators of AWS do not know, and why that is left out of the rehearsal. The one list; everything else is rehearsed.

Two stand-ins take part: ministack for whole stacks, moto for scaling, alarms, the dashboard and the pipeline through their own APIs. Neither is AWS.
"""

# Stacks that ministack refuses as a whole. Their resources are linted, and replayed where `DIRECTLY` says so.
NOT_AS_STACKS = {
    "egress": "ministack knows neither AWS::EC2::EIP nor AWS::EC2::NatGateway",
    "scaling": "ministack knows nothing of AWS::ApplicationAutoScaling, which is all the stack is about",
    "pipeline": "ministack knows no AWS::CodePipeline",
}

# Types taken out of a stack that is otherwise rehearsed.
NOT_IN_STACKS = {
    "AWS::XRay::Group": "no emulator has it; test_xray.py replays it into local-xray",
    "AWS::XRay::SamplingRule": "no emulator has it; test_xray.py replays it into local-xray",
    "AWS::Logs::QueryDefinition": "ministack does not know it; cfn-lint checks its form",
}

# Properties that an emulator reads differently from AWS: (stack, resource, property) and what stands there in the rehearsal.
REPLACED = {
    ("services", "MonolithService", "DesiredCount"): (2, "ministack takes a parameter of type Number for text"),
    ("services", "LikeService", "DesiredCount"): (2, "ministack takes a parameter of type Number for text"),
}

# What moto takes through its own APIs in place of a stack.
DIRECTLY = {
    "scaling": ["AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::CloudWatch::Alarm"],
    "observability": ["AWS::CloudWatch::Dashboard"],
    "pipeline": ["AWS::CodePipeline::Pipeline", "AWS::CodeBuild::Project"],
}
