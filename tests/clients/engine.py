"""A query engine in small, for the public connector: answers at LAB_ADDRESS and LAB_PORT, as an instance of a lab.

    python engine.py VERSION BEACON

A query is known to the engine that it was prepared on, and to no other; one that is continued elsewhere is NOT_FOUND.
Its rows come one batch at a time and say which version they are from. Sessions are good on every engine: the connector
renews them while queries of the one before are running. The engine asks the beacon who is live, and tells it to whoever
calls with another colour, so it need not know its own; whoever would begin something on a colour that was left is sent
away as its closed door would do it, and what is running goes on.
"""

import json
import os
import re
import struct
import sys
import threading
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor

import grpc
from e6data_python_connector.e6x_vector.ttypes import Chunk, Data, Int64Data, VarcharData, Vector, VectorType
from e6data_python_connector.server import e6x_engine_pb2 as pb
from e6data_python_connector.server import e6x_engine_pb2_grpc as rpc
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

BATCH = 0.1
LOOK = 0.2
# What the beacon says is acted upon when it is so old that every engine has heard it.
HEARD = 5 * LOOK
CLOSED = "status: 456"
QUERY = re.compile(r"SELECT version, query, batch FROM work\((\d+)\)")
COLUMNS = [("version", "STRING"), ("query", "STRING"), ("batch", "LONG")]


def metadata(rows):
    def text(word):
        return struct.pack(">H", len(word)) + word.encode()

    columns = [text(name) + text(kind) + text("") + text("") for name, kind in COLUMNS]
    return struct.pack(">qi", rows, len(columns)) + b"".join(columns)


def row(version, query, batch):
    def vector(kind, data):
        return Vector(size=1, vectorType=kind, nullSet=[False], data=data, isConstantVector=False)

    buffer = TMemoryBuffer()
    words = [vector(VectorType.STRING, Data(varcharData=VarcharData([word]))) for word in (version, query)]
    number = vector(VectorType.LONG, Data(int64Data=Int64Data([batch])))
    Chunk(size=1, vectors=[*words, number]).write(TBinaryProtocol(buffer))
    return buffer.getvalue()


class Engine(rpc.QueryEngineServiceServicer):
    def __init__(self, version, beacon):
        self.version, self.beacon = version, beacon
        self.live, self.since, self.queries, self.lock = None, 0.0, {}, threading.Lock()

    def follow(self):
        """Asks the beacon for as long as the engine runs; what cannot be asked now is asked again."""
        while True:
            try:
                with urllib.request.urlopen(self.beacon, timeout=2) as answer:
                    live = json.load(answer)["live"]
            except (OSError, ValueError, KeyError):
                live = None
            if live != self.live:
                self.live, self.since = live, time.monotonic()
            time.sleep(LOOK)

    def news(self, context):
        pinned = dict(context.invocation_metadata()).get("strategy")
        live, age = self.live, time.monotonic() - self.since
        return live if pinned and live and live != pinned and age > HEARD else ""

    def begin(self, context):
        if self.news(context):
            context.abort(grpc.StatusCode.UNKNOWN, CLOSED)

    def query(self, request, context):
        with self.lock:
            query = self.queries.get(request.queryId)
        if query is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"version {self.version} does not know {request.queryId}")
        return query

    def authenticate(self, request, context):
        self.begin(context)
        return pb.AuthenticateResponse(sessionId=f"{self.version}-{uuid.uuid4().hex}")

    def prepareStatement(self, request, context):
        self.begin(context)
        asked = QUERY.fullmatch(request.queryString)
        if not request.sessionId or not asked:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no session, or a query that is not known here")
        name = uuid.uuid4().hex
        with self.lock:
            self.queries[name] = {"batches": int(asked[1]), "given": 0, "executed": False}
        return pb.PrepareStatementResponse(
            engineIP=os.environ["LAB_ADDRESS"], queryId=name, sessionId=request.sessionId)

    def executeStatement(self, request, context):
        self.query(request, context)["executed"] = True
        return pb.ExecuteStatementResponse(sessionId=request.sessionId, new_strategy=self.news(context))

    prepareStatementV2, executeStatementV2 = prepareStatement, executeStatement

    def getResultMetadata(self, request, context):
        rows = self.query(request, context)["batches"]
        return pb.GetResultMetadataResponse(
            resultMetaData=metadata(rows), sessionId=request.sessionId, new_strategy=self.news(context))

    def getNextResultBatch(self, request, context):
        query = self.query(request, context)
        if not query["executed"]:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "was not executed")
        batch = b""
        if query["given"] < query["batches"]:
            time.sleep(BATCH)
            batch = row(self.version, request.queryId, query["given"])
            query["given"] += 1
        return pb.GetNextResultBatchResponse(
            resultBatch=batch, sessionId=request.sessionId, new_strategy=self.news(context))

    def status(self, request, context):
        query = self.query(request, context)
        return pb.StatusResponse(
            status=query["given"] == query["batches"], rowCount=query["batches"], sessionId=request.sessionId,
            new_strategy=self.news(context))

    def clearOrCancelQuery(self, request, context):
        self.query(request, context)
        with self.lock:
            del self.queries[request.queryId]
        return pb.ClearOrCancelQueryResponse(sessionId=request.sessionId, new_strategy=self.news(context))


def healthy():
    """grpc.health.v1, which answers SERVING to everybody."""
    check = grpc.unary_unary_rpc_method_handler(lambda request, context: b"\x08\x01")
    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})


def main():
    engine = Engine(sys.argv[1], sys.argv[2])
    threading.Thread(target=engine.follow, daemon=True).start()
    server = grpc.server(ThreadPoolExecutor(64))
    rpc.add_QueryEngineServiceServicer_to_server(engine, server)
    server.add_generic_rpc_handlers((healthy(),))
    server.add_insecure_port(f"{os.environ['LAB_ADDRESS']}:{os.environ['LAB_PORT']}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
