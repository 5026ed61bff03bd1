"""A light check of a declarative Jenkinsfile: balanced blocks, and the documented directives in their places.

It knows no Groovy expressions: what stands in `steps`, `script`, `expression` and functions is only balanced. Strings
between slashes are not understood.
"""

import json
import pathlib
import re

TOKEN = re.compile(
    r"(?P<skip>[ \t\r]+|//[^\n]*|/\*.*?\*/)"
    r"|(?P<string>'''(?:\\.|(?!''').)*'''|\"\"\"(?:\\.|(?!\"\"\").)*\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<word>\w+)|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<newline>\n|;)|(?P<other>.)",
    re.S,
)
PAIRS = {"(": ")", "{": "}", "[": "]"}
KNOWN = json.loads((pathlib.Path(__file__).parent / "declarative.json").read_text(encoding="utf-8"))


class Bad(Exception):
    pass


def tokens(text):
    line = 1
    for found in TOKEN.finditer(text):
        if found.lastgroup != "skip":
            if found[0] in ("'", '"'):
                raise Bad(f"line {line}: a string that does not end")
            yield found.lastgroup, found[0], line
        line += found[0].count("\n")


def nest(stream, opened=None, line=0):
    """Tokens as a tree: a bracket with what is in it becomes (bracket, [..], line)."""
    inside = []
    for kind, text, at in stream:
        if kind == "open":
            inside.append((text, nest(stream, text, at), at))
        elif kind == "close":
            if opened is None or PAIRS[opened] != text:
                raise Bad(f"line {at}: `{text}` closes nothing")
            return inside
        else:
            inside.append((kind, text, at))
    if opened is not None:
        raise Bad(f"line {line}: `{opened}` is never closed")
    return inside


def statements(tree):
    """(name, what stands in its parentheses, its block or None, line) of every statement that begins with a word."""
    fresh, found = True, []
    for kind, text, at in tree:
        if kind == "newline":
            fresh = True
        elif fresh and kind == "word":
            found.append([text, None, None, at])
            fresh = False
        elif kind == "{" and found:
            found[-1][2] = text
        elif kind == "(" and found and found[-1][2] is None:
            found[-1][1] = text
        elif fresh:
            raise Bad(f"line {at}: expected a directive, found `{kind if isinstance(text, list) else text}`")
    return found


def names(what, tree, known):
    found = statements(tree)
    for name, _, _, line in found:
        if name not in known:
            raise Bad(f"line {line}: `{name}` is no {what}; there are {', '.join(sorted(known))}")
    repeated = {name for name, *_ in found if what.endswith("directive") and [n for n, *_ in found].count(name) > 1}
    if repeated:
        raise Bad(f"line {found[0][3]}: more than one {', '.join(sorted(repeated))}")
    return {name: (inside, block, line) for name, inside, block, line in found}


def common(where, body):
    for name, (_, block, line) in body.items():
        if block is None and name not in ("agent", "failFast", "input"):
            raise Bad(f"line {line}: `{name}` has no block")
        if name == "options":
            names(f"{where} option", block, KNOWN[f"{where} options"])
        elif name in ("parameters", "post", "when"):
            what = {"parameters": "parameter type", "post": "post condition", "when": "when condition"}[name]
            names(what, block, KNOWN[name])
        elif name == "environment":
            for variable, _, _, at in statements(block):
                if not variable.isidentifier():
                    raise Bad(f"line {at}: `{variable}` is no variable name")
        elif name in ("stages", "parallel"):
            stages(block, line)


def stages(tree, line):
    found = statements(tree)
    if not found:
        raise Bad(f"line {line}: no stage")
    for name, inside, block, at in found:
        if name != "stage" or block is None:
            raise Bad(f"line {at}: expected stage('name') {{ … }}, found `{name}`")
        if [kind for kind, *_ in inside or []] != ["string"]:
            raise Bad(f"line {at}: a stage needs one string as its name")
        body = names("stage directive", block, KNOWN["stage"])
        if len(body.keys() & {"steps", "stages", "parallel", "matrix"}) != 1:
            raise Bad(f"line {at}: a stage has one of steps, stages, parallel, matrix")
        common("stage", body)


def only_pipeline(tree):
    pipelines = [block for name, _, block, _ in statements(tree) if name == "pipeline" and block is not None]
    if len(pipelines) != 1:
        raise Bad(f"{len(pipelines)} pipeline blocks, expected 1")
    return pipelines[0]


def check(text):
    """The first finding, or None."""
    try:
        top = only_pipeline(nest(tokens(text)))
        body = names("pipeline directive", top, KNOWN["pipeline"])
        if not {"agent", "stages"} <= body.keys():
            raise Bad("a pipeline needs agent and stages")
        common("pipeline", body)
    except Bad as bad:
        return str(bad)
    return None
