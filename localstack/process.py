"""Keeps LocalStack in a session of its own, ends it with the process that asked for it, and stops it by pid.

    process.py identity PID            prints what tells this process from a later one with the same pid
    process.py run PARENT IDENTITY STATE COMMAND...   PARENT 0 means: until stopped; STATE is removed at the end
    process.py stop PID                ends the whole session of a process started by `run`
"""

import os
import shutil
import signal
import subprocess
import sys
import time

POLL_SECONDS = 0.25
GRACE_SECONDS = 1


def identity(pid):
    """The start time of a living process, or "" for one that is gone; a zombie is gone."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            # The command's name, in parentheses, may itself hold spaces; what follows it may not.
            fields = stat.read().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    except (FileNotFoundError, ProcessLookupError):
        if os.path.isdir("/proc/self"):
            return ""
    shown = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True).stdout
    state, _, started = shown.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


def run(parent, parent_identity, state, command):
    os.setsid()
    child = subprocess.Popen(command)
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
    while child.poll() is None and not asked and (parent == 0 or identity(parent) == parent_identity):
        time.sleep(POLL_SECONDS)
    child.terminate()
    try:
        child.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    shutil.rmtree(state, ignore_errors=True)
    return 0 if asked else 1


def started_by_up(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as cmdline:
            shown = cmdline.read().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout
    return os.path.basename(__file__) + " run " in shown


def stop(leader):
    deadline = time.monotonic() + GRACE_SECONDS + 2
    # Just started, it may not lead its session yet. Otherwise the number is mistyped, or another process's by now.
    while identity(leader) and not (started_by_up(leader) and os.getpgid(leader) == leader):
        if time.monotonic() > deadline - GRACE_SECONDS:
            return f"process {leader} was not started by up; leaving it alone"
        time.sleep(0.05)
    if identity(leader):
        os.kill(leader, signal.SIGTERM)
        while identity(leader) and time.monotonic() < deadline:
            time.sleep(0.05)
    # Whatever is left of its group: normally nothing, but the leader may have hung, or been killed alone.
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return None


def main(arguments):
    action, pid = arguments[0], int(arguments[1])
    if action == "identity":
        print(identity(pid))
    elif action == "run":
        return run(pid, arguments[2], arguments[3], arguments[4:])
    elif action == "stop":
        return stop(pid)
    else:
        return f"unknown action {action}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
