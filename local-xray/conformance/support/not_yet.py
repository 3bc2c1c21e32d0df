"""Operations that answer "not implemented yet". A test fails for each one that does answer, so the list can only shrink."""

NOT_YET = frozenset({
    "CancelTraceRetrieval",
    "DeleteResourcePolicy",
    "GetInsight",
    "GetInsightEvents",
    "GetInsightImpactGraph",
    "GetInsightSummaries",
    "GetRetrievedTracesGraph",
    "GetTimeSeriesServiceStatistics",
    "ListRetrievedTraces",
    "PutEncryptionConfig",
    "PutResourcePolicy",
    "StartTraceRetrieval",
    "UpdateIndexingRule",
    "UpdateTraceSegmentDestination",
})

# What the call of an operation needs besides it.
_NEEDS = {"ListResourcePolicies": "PutResourcePolicy"}


def works(operation):
    return operation not in NOT_YET and _NEEDS.get(operation) not in NOT_YET
