"""Prints the shell steps of a pipeline file, in order, as JSON: [{file, job, name, id, if, env, run}].

    extract.py FILE [--format json|names]

`env` holds the file's values as they are written, expressions and all: whoever runs a step gives its own. Steps named
`install: …` and `comment: …` need GitHub itself. Needs ruamel.yaml; `./check extract FILE` brings it.
"""

import argparse
import json
import pathlib
import re
import sys
import textwrap

# A Jenkins `sh` step: sh '''…''', or sh(label: '…', returnStatus: true, script: '''…''').
SH = re.compile(
    r"\bsh\s*\(?\s*(?P<named>(?:\w+:\s*(?:'[^'\n]*'|\w+)\s*,\s*)*)(?:script:\s*)?'''(?P<run>(?:\\.|(?!''').)*)'''", re.S
)
STAGE = re.compile(r"\bstage\s*\(\s*'([^']*)'\s*\)")
ENVIRONMENT = re.compile(r"\benvironment\s*\{(.*?)\n\s*\}", re.S)
ASSIGNED = re.compile(r"""^\s*(\w+)\s*=\s*(['"])(.*)\2\s*$""", re.M)
ESCAPES = {"n": "\n", "t": "\t", "\n": ""}


def github(path):
    from ruamel.yaml import YAML

    # YAML 1.2, in which `on` is no boolean.
    workflow = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    for job, body in workflow["jobs"].items():
        for number, step in enumerate(body.get("steps", []), start=1):
            if "run" in step:
                env = {**workflow.get("env", {}), **body.get("env", {}), **step.get("env", {})}
                yield {
                    "file": path.name,
                    "job": job,
                    "name": step.get("name", f"step {number}"),
                    "id": step.get("id"),
                    "if": step.get("if"),
                    "env": {key: str(value) for key, value in env.items()},
                    "run": step["run"],
                }


def jenkins(path):
    text = path.read_text(encoding="utf-8")
    env = {}
    for block in ENVIRONMENT.findall(text):
        env.update((key, value) for key, _, value in ASSIGNED.findall(block))
    for found in SH.finditer(text):
        stages = STAGE.findall(text, 0, found.start())
        label = re.search(r"label:\s*'([^']*)'", found["named"])
        run = re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), found["run"], flags=re.S)
        first, newline, rest = run.partition("\n")
        yield {
            "file": path.name,
            "job": stages[-1] if stages else None,
            "name": label[1] if label else "sh",
            "id": None,
            "if": None,
            "env": env,
            "run": first + newline + textwrap.dedent(rest),
        }


def steps(path):
    path = pathlib.Path(path)
    return list(jenkins(path) if path.name.startswith("Jenkinsfile") else github(path))


def main():
    parser = argparse.ArgumentParser(description="the shell steps of a pipeline file, in order")
    parser.add_argument("file")
    parser.add_argument("--format", choices=["json", "names"], default="json")
    wanted = parser.parse_args()
    found = steps(wanted.file)
    if wanted.format == "names":
        for step in found:
            print(f"{step['job']}: {step['name']}")
    else:
        json.dump(found, sys.stdout, indent=2, ensure_ascii=False)
        print()


if __name__ == "__main__":
    main()
