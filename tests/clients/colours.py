"""Speaks the colour protocol over gRPC, streams included, while the doors of a lab are swung by AWS's API alone, and says
whether a caller noticed: what Swingbridge's own promotions rest on.

    lab up --config colours.toml --port 0 --speed 10
    python colours.py http://127.0.0.1:PORT

The client pins a colour in the metadata of every call. A closed door answers with an HTTP status that gRPC does not
know: then the client takes the other colour, for good. Each check is a function named as the sentence that it proves;
they run in order, and the first that fails is the last. Nothing waits for a fixed time: a wait is for a condition, with
a deadline.
"""

import argparse
import json
import queue
import sys
import threading
import time
import traceback
import urllib.request
from collections import Counter

import boto3
import grpc
from botocore.config import Config

PATIENCE = 20
PACE = 1 / 50
# So many calls in a row are believed.
ENOUGH = 50
CLOSED = "Received http2 header with status: 456"
OTHER = {"blue": "green", "green": "blue"}
VERSION = {"blue": "1", "green": "2"}
GROUP = {"blue": "tg-1", "green": "tg-2"}
METHOD = "/lab.Echo/Say"
CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def same(is_so, wanted):
    if is_so != wanted:
        raise AssertionError(f"{is_so!r} instead of {wanted!r}")


def until(what, condition):
    end = time.monotonic() + PATIENCE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {PATIENCE} seconds: {what}; last seen: {answer!r}")
        time.sleep(0.02)


def pinned(colour):
    return (("strategy", colour),) if colour else ()


def version(call):
    return dict(call.initial_metadata()).get("x-version")


def is_closed(error):
    return error.code() == grpc.StatusCode.UNKNOWN and error.details() == CLOSED


class Service:
    """The service behind the listener, as one connection reaches it."""

    def __init__(self, address):
        # The channel retries nothing by itself: what fails must be seen.
        self.channel = grpc.insecure_channel(address, options=[("grpc.enable_retries", 0)])
        self.unary = self.channel.unary_unary(METHOD)
        self.streaming = self.channel.stream_stream(METHOD)

    def say(self, colour, word):
        """The version that answered."""
        echo, call = self.unary.with_call(word, metadata=pinned(colour), timeout=5)
        same(echo, word)
        return version(call)

    def door(self, colour):
        """The version behind a colour's door, or that it is closed."""
        try:
            return self.say(colour, b"who is there?")
        except grpc.RpcError as error:
            if is_closed(error):
                return "closed"
            raise


class Conversation:
    """One long call: what is said in it is echoed until it is ended."""

    def __init__(self, service, colour):
        self.words = queue.SimpleQueue()
        self.call = service.streaming(iter(self.words.get, None), metadata=pinned(colour), timeout=PATIENCE)

    def says(self, word):
        self.words.put(word)
        same(next(self.call), word)

    def ends(self):
        """The version that answered to the end."""
        self.words.put(None)
        same(list(self.call), [])
        same(self.call.code(), grpc.StatusCode.OK)
        return version(self.call)


class Caller(threading.Thread):
    """The client that must not notice: it calls all the time, with its colour and now and then without any."""

    def __init__(self, service, colour):
        super().__init__(daemon=True)
        self.service = service
        self.colour = colour
        self.changes = []
        self.calls = 0
        self.answered = Counter()
        self.failures = []
        self.ended = threading.Event()

    def say(self, word):
        """By the protocol: a closed colour is left for the other, once."""
        try:
            return self.service.say(self.colour, word)
        except grpc.RpcError as error:
            if not is_closed(error):
                raise
        self.colour = OTHER[self.colour]
        self.changes.append(self.colour)
        return self.service.say(self.colour, word)

    def run(self):
        due = time.monotonic()
        while not self.ended.wait(max(0.0, due - time.monotonic())):
            due += PACE
            word = f"call {self.calls}".encode()
            try:
                answer = self.say(word)
                self.answered[self.colour, answer] += 1
                if self.calls % 5 == 0:
                    self.answered[None, self.service.say(None, word)] += 1
            except grpc.RpcError as error:
                self.failures.append(f"{word.decode()}: {error.code().name} {error.details()}")
            except AssertionError as error:
                self.failures.append(f"{word.decode()}: {error}")
            self.calls += 1

    def goes_on(self):
        enough = self.calls + ENOUGH
        until("the client goes on calling", lambda: self.calls >= enough)
        same(self.failures[:3], [])

    def end(self):
        self.ended.set()
        self.join()


class Lab:
    """The doors, production, and who asks."""

    def __init__(self, endpoint):
        session = boto3.session.Session(
            aws_access_key_id="lab", aws_secret_access_key="lab", region_name="us-east-1"
        )
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
        self.elb = session.client("elbv2", endpoint_url=endpoint, config=config)
        balancer = self.elb.describe_load_balancers(Names=["alb-colours"])["LoadBalancers"][0]
        listeners = self.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        self.listener = listeners[0]["ListenerArn"]
        self.rules = {
            condition["HttpHeaderConfig"]["Values"][0]: rule["RuleArn"]
            for rule in self.elb.describe_rules(ListenerArn=self.listener)["Rules"]
            for condition in rule["Conditions"]
        }
        groups = self.elb.describe_target_groups(Names=list(GROUP.values()))["TargetGroups"]
        arns = {group["TargetGroupName"]: group["TargetGroupArn"] for group in groups}
        self.groups = {colour: arns[name] for colour, name in GROUP.items()}
        self.service = Service(self.address(endpoint))
        # Its first guess is wrong, so it has to find the open colour first.
        self.caller = Caller(Service(self.address(endpoint)), "green")

    def address(self, endpoint):
        with urllib.request.urlopen(f"{endpoint}/_lab/state", timeout=5) as answer:
            balancers = json.load(answer)["balancers"]
        listeners = [each for balancer in balancers for each in balancer["listeners"]]
        url = next(each["url"] for each in listeners if each["arn"] == self.listener)
        return url.split("://")[1]

    def is_healthy(self, colour):
        targets = self.elb.describe_target_health(TargetGroupArn=self.groups[colour])["TargetHealthDescriptions"]
        return bool(targets) and all(target["TargetHealth"]["State"] == "healthy" for target in targets)

    def forward(self, colour):
        return [{"Type": "forward", "TargetGroupArn": self.groups[colour]}]

    def open(self, colour):
        self.elb.modify_rule(RuleArn=self.rules[colour], Actions=self.forward(colour))
        until(f"{GROUP[colour]} is healthy", lambda: self.is_healthy(colour))
        until(f"{colour} is open", lambda: self.service.door(colour) == VERSION[colour])

    def produce(self, colour):
        self.elb.modify_listener(ListenerArn=self.listener, DefaultActions=self.forward(colour))
        until(f"production is {colour}", lambda: self.service.door(None) == VERSION[colour])

    def close(self, colour):
        closed = {"StatusCode": "456", "ContentType": "text/plain", "MessageBody": f"{colour} is closed"}
        self.elb.modify_rule(
            RuleArn=self.rules[colour], Actions=[{"Type": "fixed-response", "FixedResponseConfig": closed}]
        )
        until(f"{colour} is closed", lambda: self.service.door(colour) == "closed")


def both_are_open(lab, new):
    """Opens the new colour's door, swings production to it, and leaves the old one's door open for a grace."""
    old, changes = OTHER[new], list(lab.caller.changes)
    lab.open(new)
    lab.produce(new)
    lab.caller.goes_on()
    same({colour: lab.service.door(colour) for colour in VERSION}, VERSION)
    same((lab.caller.colour, lab.caller.changes), (old, changes))


def one_is_closed(lab, old):
    """Closes the old colour's door while a conversation is on behind it; the caller goes over, the conversation not."""
    changes = list(lab.caller.changes)
    conversation = Conversation(lab.service, old)
    conversation.says(b"before")
    lab.close(old)
    lab.caller.goes_on()
    same(lab.caller.changes, [*changes, OTHER[old]])
    conversation.says(b"after")
    same(conversation.ends(), VERSION[old])


@check
def a_client_whose_first_colour_is_closed_finds_the_open_one(lab):
    until("blue is open", lambda: lab.is_healthy("blue") and lab.service.door("blue") == "1")
    same(lab.service.door("green"), "closed")
    lab.caller.start()
    lab.caller.goes_on()
    same((lab.caller.colour, lab.caller.changes), ("blue", ["blue"]))


@check
def a_call_without_the_header_reaches_production(lab):
    same([lab.service.door(None) for _ in range(ENOUGH)], ["1"] * ENOUGH)


@check
def while_both_colours_are_open_the_client_stays_with_its_own(lab):
    both_are_open(lab, "green")


@check
def when_its_colour_closes_the_client_changes_once_and_a_stream_ends_where_it_began(lab):
    one_is_closed(lab, "blue")


@check
def after_the_swing_a_call_without_the_header_reaches_the_new_production(lab):
    same([lab.service.door(None) for _ in range(ENOUGH)], ["2"] * ENOUGH)


@check
def on_the_way_back_the_client_stays_with_its_colour_during_the_grace(lab):
    both_are_open(lab, "blue")


@check
def on_the_way_back_the_client_changes_once_and_a_stream_ends_where_it_began(lab):
    one_is_closed(lab, "green")
    same([lab.service.door(None) for _ in range(ENOUGH)], ["1"] * ENOUGH)


@check
def the_client_changed_its_colour_at_each_closing_and_never_else(lab):
    lab.caller.end()
    same(lab.caller.changes, ["blue", "green", "blue"])


@check
def each_colour_met_its_version_only(lab):
    met = set(lab.caller.answered)
    # Without a colour it met each version while that was production.
    same(met, {*VERSION.items(), (None, "1"), (None, "2")})


@check
def no_call_failed_towards_the_caller(lab):
    same(lab.caller.failures[:3], [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", help="such as http://127.0.0.1:4600")
    lab = Lab(parser.parse_args().endpoint.rstrip("/"))
    began = time.monotonic()
    held = 0
    for each in CHECKS:
        try:
            each(lab)
        except Exception as error:  # Whatever went wrong, it is told in the same form.
            place = traceback.extract_tb(error.__traceback__)
            line = next(frame.lineno for frame in reversed(place) if frame.filename == __file__)
            print(f"FAIL {each.__name__}, line {line}: {error or type(error).__name__}", flush=True)
            break
        held += 1
        print(f"ok   {each.__name__}", flush=True)
    for (colour, answer), count in lab.caller.answered.items():
        print(f"     {count} calls with {colour or 'no colour'} were answered by version {answer}")
    print(f"{held} of {len(CHECKS)} held, {time.monotonic() - began:.0f} seconds")
    return 0 if held == len(CHECKS) else 1


if __name__ == "__main__":
    sys.exit(main())
