"""Operations that answer "not implemented yet". A test fails for each one that does answer, so the list can only shrink."""

NOT_YET = frozenset({
    "CancelTraceRetrieval",
    "CreateSamplingRule",
    "DeleteResourcePolicy",
    "DeleteSamplingRule",
    "GetInsight",
    "GetInsightEvents",
    "GetInsightImpactGraph",
    "GetInsightSummaries",
    "GetRetrievedTracesGraph",
    "GetSamplingStatisticSummaries",
    "GetTimeSeriesServiceStatistics",
    "ListRetrievedTraces",
    "PutEncryptionConfig",
    "PutResourcePolicy",
    "StartTraceRetrieval",
    "UpdateIndexingRule",
    "UpdateSamplingRule",
    "UpdateTraceSegmentDestination",
})

# What the call of an operation needs besides it.
_NEEDS = {"ListTagsForResource": "CreateSamplingRule", "ListResourcePolicies": "PutResourcePolicy"}


def works(operation):
    return operation not in NOT_YET and _NEEDS.get(operation) not in NOT_YET
