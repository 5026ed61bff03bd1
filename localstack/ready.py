"""Waits until a LocalStack answers, then prints cloudwatch=yes or cloudwatch=no: ready.py PORT PID LOG TIMEOUT.

The first call to a service makes LocalStack import it, which takes seconds; asking here keeps that out of the tests.
"""

import json
import sys
import time
import urllib.request

from process import identity

# Never through a proxy: the server is on this machine.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Signing name, action, API version.
REQUIRED = (
    ("elasticloadbalancing", "DescribeLoadBalancers", "2015-12-01"),
    ("autoscaling", "DescribeAutoScalingGroups", "2011-01-01"),
    ("ec2", "DescribeLaunchTemplates", "2016-11-15"),
    ("sts", "GetCallerIdentity", "2011-06-15"),
)
CLOUDWATCH = ("monitoring", "DescribeAlarms", "2010-08-01")


def healthy(endpoint):
    try:
        with opener.open(endpoint + "/_localstack/health", timeout=5) as answer:
            return bool(json.load(answer)["services"])
    except (OSError, ValueError):
        return False


def answers(endpoint, service, action, version):
    # LocalStack checks no signature, but takes the service's name from where a signature carries it.
    scope = f"Credential=test/20200101/us-east-1/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    body = f"Action={action}&Version={version}".encode()
    try:
        opener.open(urllib.request.Request(endpoint + "/", body, headers), timeout=30).close()
        return True
    except OSError:
        return False


def main(port, pid, log, timeout):
    endpoint = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + timeout
    # Its own log must say so too: another process may be answering on this port.
    while not ("\nReady." in open(log, errors="replace").read() and healthy(endpoint)):
        if not identity(pid):
            return "LocalStack ended before it was ready"
        if time.monotonic() > deadline:
            return f"LocalStack is not ready after {timeout} seconds"
        time.sleep(0.1)
    for service, action, version in REQUIRED:
        if not answers(endpoint, service, action, version):
            return f"LocalStack is up but does not answer {service} {action}"
    print("cloudwatch=yes" if answers(endpoint, *CLOUDWATCH) else "cloudwatch=no")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
