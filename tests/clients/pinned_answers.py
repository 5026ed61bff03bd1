"""Holds the reference client to docs/clients.md under answers that a lab gives seldom or never, and says of each
sentence whether it is so.

    python pinned_answers.py

What is answered is written down beforehand, and the client's clock is not the real one: nobody waits, and what would
have been slept is counted. Each check is a function named as the sentence that it proves, with doors and a client of
its own.
"""

import http.client
import os
import socket
import sys
import threading
import time
import traceback
import urllib.request
from unittest import mock

import pinned
from doors import BEACON, RESET, SILENCE, UNREAD, Doors, answer, beacon

CHECKS = []
DONE = answer(200, b"done", "Content-Type: text/plain")
CLOSED = answer(456, b"closed")
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\ndo"
# Whatever else stands at the path, or is wrong with what stands there: nobody can be believed.
NO_BEACON = {
    "nothing there": answer(404, b"not found"),
    "an error": answer(503, b'{"live":"green"}'),
    "nothing said": answer(204),
    "an empty text": answer(200),
    "somebody's page": answer(200, b"<html>Welcome</html>"),
    "half of it": answer(200, b'{"app":"shop","live":"gre'),
    "bytes that are no text": answer(200, b'{"live":"\xff\xfe"}'),
    "a list": answer(200, b'["green"]'),
    "a word": answer(200, b'"green"'),
    "another's object": answer(200, b'{"status":"up"}'),
    "a colour that is not ours": beacon("purple"),
    "no colour": beacon(None),
    "several colours": beacon(["green"]),
    "no HTTP": b"* OK ready\r\n",
    "hung up": b"",
    "reset": RESET,
    "cut in its first line": beacon("green")[:12],
    "cut in its text": beacon("green")[:-3],
    "cut in a chunk": CHUNKS,
}
# The service may have done what it was asked for, or not.
CUT = {
    "hung up": b"",
    "reset": RESET,
    "cut in its first line": DONE[:7],
    "cut in its text": DONE[:-1],
    "cut before its text": DONE[:-4],
    "cut in a chunk": CHUNKS,
}
# Enough to be refused while it is under way.
MUCH = b"x" * (8 << 20)
WAITS = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]


def check(function):
    CHECKS.append(function)
    return function


def same(is_so, wanted, where=""):
    if is_so != wanted:
        raise AssertionError(f"{where and where + ': '}{is_so!r} instead of {wanted!r}")


def holds(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


class Clock:
    """Stands where the client expects the module `time`."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        # Who waits for hours would wait for ever.
        holds(self.now < 10_000 and len(self.slept) < 1000, f"never gives up: {self.slept[-3:]!r}")


def chance(share):
    """Of all that a wait may be, from the shortest to the longest."""
    return mock.patch.object(pinned.random, "uniform", lambda low, high: low + share * (high - low))


def cut_off(ask, where):
    """The request is told to have failed, and not to have met a closed door."""
    try:
        is_so = ask()
    except (OSError, http.client.HTTPException):
        return
    raise AssertionError(f"{where}: taken for an answer: {is_so[0]} {is_so[2]!r}")


def lost(ask):
    try:
        is_so = ask()
    except pinned.Cut:
        return
    raise AssertionError(f"not lost, but answered: {is_so[0]} {is_so[2]!r}")


def begun(doors, service, where):
    """A piece of work that went there at once, of all that is there."""
    work = service.begin()
    doors.met()
    same(work.ask("/begin")[0], 200)
    same([each for each in doors.met() if each != "beacon"], [where])
    return work


# ── The live colour is found, and kept ────────────────────────────────────────────────────────────────


@check
def the_beacon_is_asked_with_get_and_without_a_colour_and_its_word_is_taken(doors, clock):
    doors.say("beacon", beacon("green"))
    doors.say("green", DONE)
    same(pinned.Pinned(doors.url).begin().ask("/begin", b"begin")[2], b"done")
    asked = [(each.method, each.path, each.colour, each.body) for each in doors.asked]
    same(asked, [("GET", BEACON, None, b""), ("POST", "/begin", "green", b"begin")])


@check
def what_the_beacon_said_is_kept_for_a_moment_and_then_asked_for_again(doors, clock):
    doors.say("beacon", beacon("green"), beacon("blue"))
    doors.say("blue", DONE)
    doors.say("green", DONE)
    service = pinned.Pinned(doors.url, fresh=3.0)
    for _ in range(4):
        service.begin().ask("/begin")
        clock.now += 0.9
    same(doors.met(), ["beacon", "green", "green", "green", "green"])
    service.begin().ask("/begin")
    same(doors.met(), ["beacon", "blue"])


@check
def pieces_that_many_threads_begin_at_once_ask_the_beacon_once(doors, clock):
    doors.say("beacon", beacon("green"))
    doors.say("green", DONE)
    service, together, answered = pinned.Pinned(doors.url), threading.Barrier(8), []

    def begin():
        together.wait()
        answered.append(service.begin().ask("/begin")[0])

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same((answered, doors.met()), ([200] * 8, ["beacon"] + ["green"] * 8))


@check
def without_a_beacon_the_first_colour_is_tried_and_then_the_other_and_nobody_waits(doors, clock):
    doors.say("blue", CLOSED)
    doors.say("green", DONE)
    for kind, said in NO_BEACON.items():
        doors.say("beacon", said)
        work = pinned.Pinned(doors.url).begin()
        try:
            status = work.ask("/begin")[0]
        except Exception as error:
            raise AssertionError(f"{kind}: {error!r}") from error
        same((status, work.colour, doors.met()), (200, "green", ["beacon", "blue", "green"]), kind)
    same(pinned.Pinned(doors.url, beacon=None).begin().ask("/begin")[0], 200)
    same(doors.met(), ["blue", "green"])
    same(clock.slept, [])


@check
def without_a_beacon_the_colour_that_was_open_last_comes_first_until_it_closes(doors, clock):
    doors.say("beacon", NO_BEACON["nothing there"])
    doors.say("blue", CLOSED)
    doors.say("green", DONE)
    service = pinned.Pinned(doors.url)
    same(service.begin().ask("/begin")[0], 200)
    for _ in range(5):
        begun(doors, service, "green")
        clock.now += 60
    doors.say("blue", DONE)
    begun(doors, service, "green")
    doors.say("green", CLOSED)
    same((service.begin().ask("/begin")[0], doors.met()), (200, ["green", "blue"]))
    doors.say("green", DONE)
    begun(doors, service, "blue")
    same(clock.slept, [])


@check
def when_the_beacon_fails_what_it_said_last_is_kept_and_no_work_fails(doors, clock):
    doors.say("blue", DONE)
    doors.say("green", DONE)
    for kind, said in NO_BEACON.items():
        service = pinned.Pinned(doors.url)
        doors.say("beacon", beacon("green"), said, beacon("blue"))
        begun(doors, service, "green")
        clock.now += 60
        try:
            begun(doors, service, "green")
        except Exception as error:
            raise AssertionError(f"{kind}: {error!r}") from error
        clock.now += 60
        begun(doors, service, "blue")


@check
def a_beacon_that_says_nothing_is_waited_for_seconds_and_not_by_every_piece(doors, clock):
    doors.say("beacon", SILENCE)
    doors.say("blue", DONE)
    service, really, waited = pinned.Pinned(doors.url), urllib.request.urlopen, []

    def hurried(request, timeout):
        if not request.full_url.endswith(BEACON):
            return really(request, timeout=timeout)
        waited.append(timeout)
        clock.now += timeout
        return really(request, timeout=timeout / 50)

    with mock.patch.object(urllib.request, "urlopen", hurried):
        same([service.begin().ask("/begin")[0] for _ in range(3)], [200] * 3)
    holds(len(waited) == 1 and waited[0] <= 5, f"waited {waited!r} seconds")
    # The beacon's door may come to note late that it was asked.
    same([each for each in doors.met() if each != "beacon"], ["blue"] * 3)


@check
def where_nobody_listens_the_caller_is_told_at_once(doors, clock):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        service = pinned.Pinned("http://{}:{}".format(*nobody.getsockname()))
        cut_off(lambda: service.begin().ask("/begin"), "nobody listens")
    same(clock.slept, [])


# ── A closed door, and two ────────────────────────────────────────────────────────────────────────────


@check
def on_456_to_its_first_request_a_piece_takes_the_other_colour_whatever_it_asks_for(doors, clock):
    doors.say("beacon", beacon("blue"))
    doors.say("blue", CLOSED)
    doors.say("green", DONE)
    for data in (None, b"pay once"):
        work = pinned.Pinned(doors.url).begin()
        same(work.ask("/begin", data)[0], 200)
        met = [(each.where, each.method, each.path, each.body) for each in doors.asked if each.where != "beacon"]
        how = ("POST" if data else "GET", "/begin", data or b"")
        same(met, [("blue", *how), ("green", *how)])
        doors.met()
        same((work.ask("/next")[0], doors.met()), (200, ["green"]))
    same(clock.slept, [])


@check
def on_456_what_was_kept_is_forgotten_and_the_beacon_asked_by_the_next_piece(doors, clock):
    doors.say("beacon", beacon("blue"), beacon("green"))
    doors.say("blue", DONE, CLOSED)
    doors.say("green", DONE)
    service = pinned.Pinned(doors.url)
    for _ in range(3):
        same(service.begin().ask("/begin")[0], 200)
    same(doors.met(), ["beacon", "blue", "blue", "green", "beacon", "green"])


@check
def while_both_are_closed_the_waits_are_twice_as_long_each_time_up_to_five_seconds(doors, clock):
    doors.say("beacon", NO_BEACON["nothing there"])
    doors.say("blue", CLOSED)
    doors.say("green", CLOSED)
    with chance(1):
        pinned.Pinned(doors.url).begin().ask("/begin")
    same([round(each, 9) for each in clock.slept], WAITS + [5.0] * (len(clock.slept) - len(WAITS)))
    holds(len(clock.slept) > len(WAITS), f"never met its bound: {clock.slept!r}")


@check
def each_wait_is_shortened_by_chance(doors, clock):
    doors.say("blue", CLOSED)
    doors.say("green", CLOSED)
    courses = []
    for _ in range(6):
        pinned.Pinned(doors.url, beacon=None).begin().ask("/begin")
        courses.append(clock.slept)
        clock.slept = []
        doors.met()
    for n, longest in enumerate(WAITS):
        waits = [course[n] for course in courses]
        holds(all(0 < wait <= longest for wait in waits), f"wait {n}: {waits!r}")
        holds(len(set(waits)) == len(waits), f"wait {n} comes again: {waits!r}")


@check
def who_finds_both_closed_for_half_a_minute_gives_up_after_a_last_try_and_hands_on_the_456(doors, clock):
    doors.say("blue", CLOSED)
    doors.say("green", CLOSED)
    for share in (0, 0.5, 1):
        began, clock.slept = clock.now, []
        with chance(share):
            same(pinned.Pinned(doors.url, beacon=None).begin().ask("/begin", b"pay once")[0], 456)
        holds(20 < clock.now - began < 40, f"gave up after {clock.now - began} seconds")
        same(doors.met(), ["blue", "green"] * (len(clock.slept) + 1))


@check
def between_two_waits_the_beacon_is_asked_and_both_colours_are_tried_as_it_says(doors, clock):
    doors.say("beacon", beacon("blue"), beacon("blue"), beacon("green"))
    doors.say("blue", CLOSED)
    doors.say("green", CLOSED)
    pinned.Pinned(doors.url).begin().ask("/begin")
    met = doors.met()
    same(met[:9], ["beacon", "blue", "green", "beacon", "blue", "green", "beacon", "green", "blue"])
    same(len(met), 3 * (len(clock.slept) + 1))


@check
def a_456_whose_text_is_cut_off_is_a_closed_door_all_the_same(doors, clock):
    doors.say("green", DONE)
    for said in (CLOSED[:-1], CLOSED[:-6], CLOSED[:12]):
        doors.say("blue", said)
        work = pinned.Pinned(doors.url, beacon=None).begin()
        same((work.ask("/begin", b"pay once")[0], doors.met()), (200, ["blue", "green"]))


@check
def a_door_that_opens_before_the_limit_gets_the_request_once_and_keeps_the_piece(doors, clock):
    doors.say("beacon", beacon("blue"))
    doors.say("blue", CLOSED)
    doors.say("green", *[CLOSED] * 8, DONE)
    work = pinned.Pinned(doors.url).begin()
    same(work.ask("/begin", b"pay once")[2], b"done")
    same(len(clock.slept), 8)
    same(doors.met(), ["beacon", "blue", "green"] * 9)
    doors.say("blue", DONE)
    same((work.ask("/next")[0], doors.met()), (200, ["green"]))


@check
def a_piece_that_was_given_up_has_not_begun_and_begins_where_somebody_is_then(doors, clock):
    doors.say("blue", CLOSED)
    doors.say("green", CLOSED)
    work = pinned.Pinned(doors.url, beacon=None).begin()
    same(work.ask("/begin")[0], 456)
    doors.met()
    clock.slept = []
    doors.say("green", *[CLOSED] * 7, DONE)
    with chance(1):
        same(work.ask("/begin")[0], 200)
    # As patient as at first, and as quick.
    same(([round(each, 9) for each in clock.slept], doors.met()), (WAITS, ["blue", "green"] * 8))
    same((work.ask("/next")[0], doors.met()), (200, ["green"]))


# ── A piece stays where it began ──────────────────────────────────────────────────────────────────────


@check
def a_piece_keeps_its_colour_when_new_work_goes_elsewhere_and_asks_nobody_for_it(doors, clock):
    doors.say("beacon", beacon("blue"), beacon("green"), beacon("blue"))
    doors.say("blue", DONE)
    doors.say("green", DONE)
    service = pinned.Pinned(doors.url)
    works = {}
    for colour in ("blue", "green", "blue"):
        works[colour] = begun(doors, service, colour)
        for where, work in works.items():
            same((work.ask("/next", b"more")[0], doors.met()), (200, [where]))
        clock.now += 60
        for where, work in works.items():
            same((work.ask("/next")[0], doors.met()), (200, [where]))


@check
def on_456_to_a_later_request_the_piece_is_lost_and_nothing_of_it_is_sent_elsewhere(doors, clock):
    doors.say("beacon", beacon("blue"))
    doors.say("green", DONE)
    for data in (None, b"pay once"):
        doors.say("blue", DONE, DONE, CLOSED)
        work = begun(doors, pinned.Pinned(doors.url), "blue")
        same((work.ask("/next", data)[0], doors.met()), (200, ["blue"]))
        for _ in range(3):
            lost(lambda: work.ask("/next", data))
            same(doors.met(), ["blue"])
    same(clock.slept, [])


@check
def on_456_to_a_later_request_what_was_kept_is_forgotten_too(doors, clock):
    doors.say("green", DONE, CLOSED)
    doors.say("blue", CLOSED, DONE)
    service = pinned.Pinned(doors.url, beacon=None)
    work = service.begin()
    same((work.ask("/begin")[0], doors.met()), (200, ["blue", "green"]))
    lost(lambda: work.ask("/next"))
    begun(doors, service, "blue")
    doors.say("beacon", beacon("blue"), beacon("green"))
    doors.say("blue", DONE, CLOSED)
    doors.say("green", DONE)
    service = pinned.Pinned(doors.url)
    work = begun(doors, service, "blue")
    lost(lambda: work.ask("/next"))
    begun(doors, service, "green")


@check
def a_lost_piece_leaves_alone_what_new_work_has_kept_since(doors, clock):
    doors.say("beacon", beacon("blue"), beacon("green"), NO_BEACON["nothing there"])
    doors.say("blue", DONE, CLOSED)
    doors.say("green", DONE)
    service = pinned.Pinned(doors.url)
    work = begun(doors, service, "blue")
    clock.now += 60
    begun(doors, service, "green")
    lost(lambda: work.ask("/next"))
    doors.met()
    same((service.begin().ask("/begin")[0], doors.met()), (200, ["green"]))


@check
def every_other_answer_is_handed_on_as_it_is_and_asked_for_once(doors, clock):
    doors.say("beacon", beacon("blue"))
    doors.say("green", DONE)
    for status in (201, 204, 400, 401, 404, 408, 409, 425, 429, 455, 457, 500, 502, 503, 504, 561):
        doors.say("blue", answer(status, b"" if status == 204 else b"so be it", "Retry-After: 1", "x-version: 1"))
        for data in (None, b"pay once"):
            work = pinned.Pinned(doors.url).begin()
            for path in ("/begin", "/next"):
                answered, headers, body = work.ask(path, data)
                same((answered, headers["x-version"]), (status, "1"))
                same(body, b"" if status == 204 else b"so be it", str(status))
            same(doors.met(), ["beacon", "blue", "blue"], str(status))
    same(clock.slept, [])


# ── A connection that breaks ──────────────────────────────────────────────────────────────────────────


@check
def a_request_that_is_cut_before_its_answer_is_whole_is_told_and_not_sent_again(doors, clock):
    doors.say("beacon", beacon("blue"))
    doors.say("green", DONE)
    for kind, said in [*CUT.items(), ("cut before it was taken", UNREAD)]:
        for data in (MUCH,) if said == UNREAD else (None, b"pay once"):
            doors.say("blue", said, DONE, said, DONE)
            work = pinned.Pinned(doors.url).begin()
            cut_off(lambda: work.ask("/begin", data), f"first, {kind}")
            same(doors.met(), ["beacon", "blue"], kind)
            same((work.ask("/next")[0], doors.met()), (200, ["blue"]), kind)
            cut_off(lambda: work.ask("/next", data), f"later, {kind}")
            same(doors.met(), ["blue"], kind)
    same(clock.slept, [])


@check
def a_first_request_that_was_cut_has_pinned_its_piece_because_it_may_have_begun(doors, clock):
    doors.say("blue", DONE)
    doors.say("green", DONE)
    for kind, said in CUT.items():
        doors.say("beacon", beacon("blue"), beacon("green"))
        doors.say("blue", said, DONE)
        service = pinned.Pinned(doors.url)
        work = service.begin()
        cut_off(lambda: work.ask("/begin"), kind)
        clock.now += 60
        begun(doors, service, "green")
        same((work.ask("/begin")[0], doors.met()), (200, ["blue"]), kind)


@check
def a_first_request_that_was_cut_is_not_sent_elsewhere_when_its_door_has_closed(doors, clock):
    doors.say("beacon", beacon("blue"))
    doors.say("green", DONE)
    for data in (None, b"pay once"):
        doors.say("blue", b"", CLOSED)
        work = pinned.Pinned(doors.url).begin()
        cut_off(lambda: work.ask("/begin", data), "hung up")
        doors.met()
        lost(lambda: work.ask("/begin", data))
        same(doors.met(), ["blue"])


@check
def a_piece_that_met_a_closed_door_and_was_then_cut_is_pinned_to_the_second(doors, clock):
    doors.say("blue", CLOSED, DONE)
    doors.say("green", RESET, DONE)
    work = pinned.Pinned(doors.url, beacon=None).begin()
    cut_off(lambda: work.ask("/begin", b"pay once"), "reset")
    same(doors.met(), ["blue", "green"])
    same((work.ask("/next")[0], doors.met()), (200, ["green"]))


@check
def a_later_request_that_was_cut_may_be_sent_again_by_the_caller_where_the_piece_is(doors, clock):
    doors.say("beacon", beacon("blue"), beacon("green"))
    doors.say("green", DONE)
    for kind, said in CUT.items():
        doors.say("blue", DONE, said, said, DONE)
        doors.say("beacon", beacon("blue"), beacon("green"))
        service = pinned.Pinned(doors.url)
        work = begun(doors, service, "blue")
        clock.now += 60
        for _ in range(2):
            cut_off(lambda: work.ask("/next"), kind)
        begun(doors, service, "green")
        same((work.ask("/next")[2], doors.met()), (b"done", ["blue"]), kind)


def main():
    # What is on loopback is not behind somebody's proxy.
    os.environ["no_proxy"] = "127.0.0.1"
    began = time.monotonic()
    failed = 0
    for each in CHECKS:
        clock = Clock()
        try:
            with Doors() as doors, mock.patch.object(pinned, "time", clock):
                each(doors, clock)
            print(f"ok   {each.__name__}", flush=True)
        except Exception as error:  # Whatever went wrong, the other checks are worth making.
            failed += 1
            place = traceback.extract_tb(error.__traceback__)
            line = next(frame.lineno for frame in reversed(place) if frame.name == each.__name__)
            print(f"FAIL {each.__name__}, line {line}: {error or type(error).__name__}", flush=True)
    print(f"{len(CHECKS) - failed} held, {failed} failed, {time.monotonic() - began:.0f} seconds")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
