"""Queries through the public connector, as it is published, while a lab's production swings.

    python connector_load.py 127.0.0.1:PORT kept|fresh

Every row of a query must be from the version that the query was prepared on. Each worker keeps its connection, so that
some query is running at any moment; or it opens one for each query. A program has one of both, because the connector
has one colour for all of a program.
"""

import sys
import time

import grpc
from e6data_python_connector import Connection
from e6data_python_connector.server import e6x_engine_pb2 as pb
from e6data_python_connector.server import e6x_engine_pb2_grpc as rpc
from working import until_served, work_until_told

# Batches that the engine makes in a second.
PACE = 10


def main():
    host, port = sys.argv[1].split(":")
    production = rpc.QueryEngineServiceStub(grpc.insecure_channel(sys.argv[1]))
    keeps, kept = sys.argv[2] == "kept", {}

    def connection():
        return Connection(
            host=host, port=int(port), username="somebody", password="secret", catalog="lab", database="lab")

    def queried(through, seconds):
        batches = max(1, int(seconds * PACE))
        cursor = through.cursor()
        query = cursor.execute(f"SELECT version, query, batch FROM work({batches})")
        # A reader that takes its time: half of it before the first row.
        time.sleep(seconds / 2)
        rows = cursor.fetchall()
        cursor.clear()
        versions = {row[0] for row in rows}
        if len(versions) != 1 or [row[1:] for row in rows] != [[query, batch] for batch in range(batches)]:
            raise AssertionError(f"not the rows of {query}: {rows}")
        return versions.pop(), batches + 5

    def live():
        answer = production.authenticate(pb.AuthenticateRequest(user="who", password="asks"))
        return answer.sessionId.split("-")[0]

    def serves():
        try:
            return live()
        except grpc.RpcError:
            return None

    def work(worker, seconds):
        if keeps:
            if worker not in kept:
                kept[worker] = connection()
            version, requests = queried(kept[worker], seconds)
        else:
            with connection() as through:
                version, requests = queried(through, seconds)
        return version, live(), requests

    until_served(serves)
    work_until_told(work, short=3, long=5)


if __name__ == "__main__":
    main()
