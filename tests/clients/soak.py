"""Load on a lab whose instances die and whose group is resized at random; every failed request must be one that an
ALB would have failed too: close to a death. Run as: python soak.py BINARY [SECONDS] [SEED]

Needs boto3. Prints what happened and ends with 1 when a failure has no excuse, something hangs, or memory grows.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime

import boto3

SPEED = 10
# A dead instance is given requests until two checks, 5 s apart on AWS, have failed and the data plane has heard of it;
# a request of two seconds that was in flight fails when it was begun before.
EXCUSED_BEFORE, EXCUSED_AFTER = 6.0, 4.0
RATE = 200


def started(binary, environment):
    flags = ["lab", "up", "--port", "0", "--speed", str(SPEED)]
    lab = subprocess.Popen([binary, *flags], stdout=subprocess.PIPE, text=True, env=environment)
    url = None
    for line in lab.stdout:
        url = line.rsplit(" at ", 1)[1].strip() if "HTTP :80 at " in line else url
        if "SWINGBRIDGE_ENDPOINT_URL=" in line:
            return lab, url, line.strip().split("SWINGBRIDGE_ENDPOINT_URL=")[1]
    sys.exit("the lab did not come up")


def memory(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


def main():
    binary, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 600.0
    chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    folder = tempfile.mkdtemp(prefix="soak-")
    environment = {**os.environ, "XDG_STATE_HOME": folder}
    lab, url, endpoint = started(binary, environment)
    port = endpoint.rsplit(":", 1)[1]
    session = boto3.session.Session("lab", "lab", region_name="us-east-1")
    groups = session.client("autoscaling", endpoint_url=endpoint)
    groups.update_auto_scaling_group(AutoScalingGroupName="asg-1", MinSize=3, MaxSize=8, DesiredCapacity=4)
    balancing = session.client("elbv2", endpoint_url=endpoint)
    target_group = balancing.describe_target_groups(Names=["tg-1"])["TargetGroups"][0]["TargetGroupArn"]
    # Longer than anything in flight, as on a real one: what is cut by the delay's end would be cut there as well.
    balancing.modify_target_group_attributes(
        TargetGroupArn=target_group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "100"}],
    )

    def healthy():
        found = balancing.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return sum(one["TargetHealth"]["State"] == "healthy" for one in found)

    while healthy() < 4:
        time.sleep(0.1)
    time.sleep(1)
    ledger = os.path.join(folder, "ledger")
    load = subprocess.Popen(
        [binary, "load", url, "--rate", str(RATE), "--for", f"{seconds}s", "--slow", "2%", "--websockets", "1%",
         "--ledger", ledger, "--format", "json"],
        stdout=subprocess.PIPE, text=True,
    )
    deaths, at_first, end = [], None, time.time() + seconds
    while time.time() < end - 10:
        time.sleep(chance.uniform(5, 12))
        at_first = at_first or memory(lab)
        if chance.random() < 0.5 and healthy() > 2:
            deaths.append(time.time())
            subprocess.run([binary, "lab", "fault", "--port", port, "kill", "share=0.3"], check=True,
                           stdout=subprocess.DEVNULL)
        else:
            groups.set_desired_capacity(AutoScalingGroupName="asg-1", DesiredCapacity=chance.randint(3, 8))
    try:
        report = json.loads(load.communicate(timeout=120)[0])
    except subprocess.TimeoutExpired:
        sys.exit("the load hangs")
    at_last = memory(lab)
    subprocess.run([binary, "lab", "down", "--port", port], check=True, stdout=subprocess.DEVNULL)
    lab.wait(timeout=60)

    without = []
    with open(ledger, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            # Nanoseconds are more than it takes.
            at = datetime.fromisoformat(entry["at"][:23] + "+00:00").timestamp()
            near = any(death - EXCUSED_BEFORE <= at <= death + EXCUSED_AFTER for death in deaths)
            if entry.get("failure") and not near:
                without.append(entry)
    print(f"{report['requests']} requests, {report['failed']} failed, {len(deaths)} deaths, "
          f"{len(without)} failures without a death nearby; memory {at_first} MB, then {at_last} MB")
    for entry in without[:5]:
        print(f"  {entry}")
    sys.exit(1 if without or at_last > at_first * 1.5 + 20 else 0)


if __name__ == "__main__":
    main()
