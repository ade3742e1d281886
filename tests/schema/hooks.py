"""What Schemathesis cannot draw: ids, versions and values that exist, a new key for each request, the token of the sign-in.

Its runs load this file. A request that is meant to be wrong somewhere keeps that part as it was drawn; whatever else it has becomes right, so
that it is refused for what is wrong with it and for nothing else.
"""

import json
import os
import urllib.request
import uuid
from collections import Counter
from pathlib import Path

import schemathesis
from schemathesis.core.parameters import ParameterLocation

TOLD = json.loads(Path(os.environ["FAIRWAY_SCHEMA_RUN"]).read_text())
KNOWN = TOLD["known"]
COUNTS = Path(TOLD["counts"])

# Requests that shall be right in every part, by operation.
turns: Counter[str] = Counter()


def wrong_at(case, place) -> bool:  # noqa: ANN001
    return case.meta is not None and case.meta.is_negative_at(place)


def wrong_before_body(case) -> bool:  # noqa: ANN001
    places = (ParameterLocation.HEADER, ParameterLocation.PATH, ParameterLocation.QUERY)
    return any(wrong_at(case, place) for place in places)


def wrong_one(case) -> str | None:  # noqa: ANN001
    """The parameter that a request is wrong in, in small letters, where there is one."""
    data = case.meta.phase.data if case.meta is not None else None
    name = getattr(data, "parameter", None)
    return name.lower() if name else None


def version(label: str) -> str:
    request = urllib.request.Request(f"{TOLD['pages']}/api/v1{KNOWN['versions'][label]}", headers={"cookie": TOLD["cookie"]})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["etag"]


def put_headers(case, label: str) -> None:  # noqa: ANN001
    skipped = wrong_one(case) if wrong_at(case, ParameterLocation.HEADER) else None
    if wrong_at(case, ParameterLocation.HEADER) and skipped is None:
        return
    for one in case.operation.headers:
        name = one.name.lower()
        if name == skipped:
            continue
        if name == "idempotency-key":
            case.headers[one.name] = str(uuid.uuid4())
        elif name == "x-fairway-csrf":
            case.headers[one.name] = TOLD["csrf"]
        elif name == "if-match":
            case.headers[one.name] = version(label)


def put_path(case, label: str) -> None:  # noqa: ANN001
    if wrong_at(case, ParameterLocation.PATH):
        return
    values = KNOWN["path"] | KNOWN["paths"].get(label, {})
    for name in case.path_parameters:
        if name in values:
            case.path_parameters[name] = values[name]


def put_query(case, label: str) -> None:  # noqa: ANN001
    if wrong_at(case, ParameterLocation.QUERY):
        return
    values = KNOWN["query"] | {"cursor": KNOWN["cursors"].get(label)}
    for name in list(case.query):
        if name not in values:
            continue
        if values[name] is None:
            del case.query[name]
        else:
            case.query[name] = values[name]


def put_body(case, label: str) -> None:  # noqa: ANN001
    if wrong_at(case, ParameterLocation.BODY) or case.operation.label != label:
        return
    # A request that is wrong elsewhere is refused for that: it takes no turn from those that can succeed.
    if not wrong_before_body(case):
        turns[label] += 1
        if turns[label] % 2 == 0:
            return
    if label == "POST /api/v1/ledger/verify":
        case.body = bytes.fromhex(KNOWN["proof"])
    elif isinstance(case.body, dict):
        case.body.update(KNOWN["fields"].get(label, {}))
        if label == "POST /api/v1/accounts":
            case.body["name"] = f"one.{uuid.uuid4().hex}"


@schemathesis.hook
def before_call(context, case, kwargs) -> None:  # noqa: ANN001, ARG001
    label = case.operation.label
    put_headers(case, label)
    put_path(case, label)
    put_query(case, label)
    put_body(case, label)


@schemathesis.hook
def after_call(context, case, response) -> None:  # noqa: ANN001, ARG001
    # A method that the description does not name is no request of the operation.
    if response.request.method.lower() != case.operation.method.lower():
        return
    with COUNTS.open("a") as file:
        file.write(f"{response.status_code} {case.operation.label}\n")
