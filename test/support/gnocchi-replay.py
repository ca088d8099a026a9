"""Replays arrivals through Gnocchi: JSON on stdin, {"policy": name, "arrivals": [[[timestamp, value], ...], ...]}, one
list for each message in the order in which they came. Prints how many points of the finest granularity it then has.
"""
import argparse
import json
import os
import sys
import tempfile
import uuid

import numpy
from gnocchi import archive_policy, carbonara
from gnocchi.storage import file as file_storage


class Metric:
    """As much of the indexer's metric as the storage asks for."""

    def __init__(self, policy):
        self.id = uuid.uuid4()
        self.archive_policy = policy


def replay(policy, arrivals, folder):
    os.makedirs(os.path.join(folder, "tmp"))
    driver = file_storage.FileStorage(
        argparse.Namespace(file_basepath=folder, file_subdir_len=2))
    metric = Metric(policy)
    for measures in arrivals:
        array = numpy.array(
            [(numpy.datetime64(timestamp, "ns"), value) for timestamp, value in measures],
            dtype=carbonara.TIMESERIES_ARRAY_DTYPE)
        driver.add_measures_to_metrics({metric: array})
    finest = min(policy.definition, key=lambda item: item.granularity)
    aggregation = policy.get_aggregation("mean", finest.granularity)
    series = driver.get_aggregated_measures({metric: [aggregation]})[metric][aggregation]
    return len(series)


request = json.load(sys.stdin)
archive_policy.ArchivePolicy.DEFAULT_AGGREGATION_METHODS = ("mean",)
named = archive_policy.DEFAULT_ARCHIVE_POLICIES[request["policy"]]
policy = archive_policy.ArchivePolicy(named.name, named.back_window, named.definition, ("mean",))
with tempfile.TemporaryDirectory() as folder:
    print(replay(policy, request["arrivals"], folder))
