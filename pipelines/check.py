"""What ./check runs: makes its virtual environment under target/pipelines, then checks."""

import fcntl
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import venv

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
STATE = ROOT / "target" / "pipelines"
VENV = STATE / f"venv-{sys.version_info.major}.{sys.version_info.minor}"
BIN = VENV / "bin"
ACTIONS = {
    "actions/checkout",
    "actions/download-artifact",
    "actions/upload-artifact",
    "aws-actions/configure-aws-credentials",
}
# The longest values that are likely, so that the size found is the largest.
SAMPLE = {
    "app": "s" * 32,
    "account": "123456789012",
    "region": "ap-southeast-2",
    "partition": "aws-us-gov",
    "load_balancer": "l" * 32,
    "instance_role": "*",
}
MANAGED_POLICY_LIMIT = 6144
# Of a role, for what only `rolling` or only pairs of groups need as well.
INLINE_POLICY_LIMIT = 10240
ONLY_WITH = re.compile(r"\{%-? if (\w+) %\}(.*?)\{%-? endif %\}", re.DOTALL)
MORE = ("rolling", "pair")


def enter_venv():
    """Goes on inside the environment. The stamp is written last, so a broken-off installation is done again."""
    if pathlib.Path(sys.prefix) == VENV:
        return
    STATE.mkdir(parents=True, exist_ok=True)
    requirements = HERE / "requirements.txt"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = VENV / "stamp"
    with open(STATE / f"{VENV.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            print(f"pipelines: installing into {VENV.relative_to(ROOT)}", file=sys.stderr)
            venv.create(VENV, clear=True, with_pip=True)
            pip = [BIN / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--quiet"]
            subprocess.run([*pip, "-r", requirements], check=True, stdout=sys.stderr)
            stamp.write_text(wanted)
    os.execv(BIN / "python", [str(BIN / "python"), str(HERE / "check.py"), *sys.argv[1:]])


class Tally:
    passed = failed = 0

    def add(self, what, finding):
        if finding:
            self.failed += 1
            print(f"FAILED {what}\n" + "".join(f"    {line}\n" for line in finding.strip().splitlines()), end="")
        else:
            self.passed += 1
            print(f"ok     {what}")


def run(*command, stdin=None):
    """What a tool said if it found something, else nothing."""
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True)
    return (done.stdout + done.stderr).strip() or f"exit code {done.returncode}" if done.returncode else None


def references(workflow, text):
    """Expressions that name a step, output, input or variable which is not there; they would be empty, silently."""
    missing = set()
    inputs = (workflow["on"].get("workflow_dispatch") or {}).get("inputs") or {}
    missing |= {f"inputs.{name}" for name in re.findall(r"\binputs\.([\w-]+)", text) if name not in inputs}
    for name, job in workflow["jobs"].items():
        ids = {step["id"] for step in job["steps"] if "id" in step}
        env = {*workflow.get("env", {}), *job.get("env", {})}
        needs = job.get("needs", [])
        needs = {needs} if isinstance(needs, str) else set(needs)
        body = " ".join(expressions(job))
        missing |= {f"{name}: steps.{step}" for step in re.findall(r"\bsteps\.([\w-]+)", body) if step not in ids}
        for need, output in re.findall(r"\bneeds\.([\w-]+)\.outputs\.([\w-]+)", body):
            if need not in needs or output not in workflow["jobs"][need].get("outputs", {}):
                missing.add(f"{name}: needs.{need}.outputs.{output}")
        missing |= {f"{name}: env.{key}" for key in re.findall(r"\benv\.([\w-]+)", body) if key not in env}
        runs = {step["id"]: step.get("run", "") for step in job["steps"] if "id" in step}
        for step, key in re.findall(r"\bsteps\.([\w-]+)\.outputs\.([\w-]+)", body):
            if step in runs and f"{key}=" not in runs[step]:
                missing.add(f"{name}: steps.{step}.outputs.{key}")
    return "\n".join(sorted(f"{what} does not exist" for what in missing))


def expressions(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "if":
                yield str(inner)
            elif key != "run":
                yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)
    elif isinstance(value, str):
        yield from re.findall(r"\$\{\{(.*?)\}\}", value, re.S)


def check_github(tally, path):
    from ruamel.yaml import YAML

    text = path.read_text(encoding="utf-8")
    for schema in ("vendor.github-workflows", "custom.github-workflows-require-timeout"):
        finding = run(BIN / "check-jsonschema", "--builtin-schema", schema, path)
        tally.add(f"{path.name}: schema {schema.partition('.')[2]}", finding)
        if finding:
            return False
    tally.add(f"{path.name}: zizmor", run(BIN / "zizmor", "--offline", "--no-progress", "--strict-collection", path))
    workflow = YAML(typ="safe", pure=True).load(text)
    tally.add(f"{path.name}: every step, output, input and variable it names exists", references(workflow, text))
    foreign = [
        f"{step['uses']} is not one of {', '.join(sorted(ACTIONS))}"
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if "uses" in step and step["uses"].partition("@")[0] not in ACTIONS
    ]
    tally.add(f"{path.name}: no other actions", "\n".join(foreign))
    return True


def check_shell(tally, path):
    import extract

    found = extract.steps(path)
    tally.add(f"{path.name}: has shell steps", None if found else "none found")
    for step in found:
        finding = run("bash", "-n", stdin=step["run"]) or run(
            BIN / "shellcheck", "--norc", "--shell=bash", "--format=gcc", "-", stdin=step["run"]
        )
        if "${{" in step["run"]:
            finding = "an expression inside the script: pass it through env"
        elif "set -euo pipefail" not in step["run"].splitlines()[:2]:
            finding = finding or "does not begin with set -euo pipefail"
        tally.add(f"{path.name}: shell step {step['job']}/{step['name']}", finding)


def check_policy(tally, path, more):
    def fill(found):
        return SAMPLE[found[1].strip()]

    def only_with(found):
        if found[1] not in MORE:
            raise ValueError(f"nothing is known of {found[1]}")
        return found[2] if found[1] == more else ""

    limit = INLINE_POLICY_LIMIT if more else MANAGED_POLICY_LIMIT
    try:
        text = ONLY_WITH.sub(only_with, path.read_text(encoding="utf-8"))
        policy = json.loads(re.sub(r"\{\{(.*?)\}\}", fill, text))
        size = len(json.dumps(policy, separators=(",", ":")))
        sids = [statement["Sid"] for statement in policy["Statement"]]
        finding = None
        if size > limit:
            finding = f"{size} characters, more than the {limit} of such a policy"
        elif len(set(sids)) != len(sids):
            finding = "a Sid stands twice"
    except KeyError as error:
        finding, size = f"no value for {error}", 0
    except ValueError as error:
        finding, size = str(error), 0
    with_more = f", with {more}" if more else ""
    tally.add(f"iam/{path.name}{with_more}: {size} of {limit} characters", finding)


def main():
    import jenkinsfile

    tally = Tally()
    for path in sorted((HERE / "github").glob("*.yml")):
        if check_github(tally, path):
            check_shell(tally, path)
    for path in sorted((HERE / "jenkins").iterdir()):
        tally.add(f"{path.name}: declarative", jenkinsfile.check(path.read_text(encoding="utf-8")))
        check_shell(tally, path)
    for path in sorted((ROOT / "templates" / "iam").glob("*.json")):
        check_policy(tally, path, None)
        asked = {found[1] for found in ONLY_WITH.finditer(path.read_text(encoding="utf-8"))}
        for more in sorted(asked):
            check_policy(tally, path, more)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    enter_venv()
    if sys.argv[1:2] == ["extract"]:
        import extract

        del sys.argv[1]
        extract.main()
    elif sys.argv[1:]:
        sys.exit("usage: check [extract FILE]")
    else:
        sys.exit(main())
