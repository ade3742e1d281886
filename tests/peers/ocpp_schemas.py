"""Validates OCPP 2.0.1 frames against the official JSON schemas that the package "ocpp" ships.

usage: ocpp_schemas.py FILE...

Each line of a file is "> " (station to gateway) or "< " (gateway to station) and one frame. A call that a CALLERROR answers
must break its schema; every other call and answer must fit.
"""

import json
import pathlib
import sys

import jsonschema
import ocpp

SCHEMAS = pathlib.Path(ocpp.__file__).parent / "v201" / "schemas"


def errors(name: str, payload: object) -> list[str]:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8-sig"))
    validator = jsonschema.Draft6Validator(schema, format_checker=jsonschema.FormatChecker())
    return [f"{name} at {list(e.path)}: {e.message}" for e in validator.iter_errors(payload)]


def main() -> None:
    checked = 0
    wrong: list[str] = []
    for path in sys.argv[1:]:
        calls: dict[str, tuple[str, object]] = {}
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            frame = json.loads(line[2:])
            kind, key = frame[0], frame[1]
            if kind == 2:
                calls[key] = (frame[2], frame[3])
                continue
            action, request = calls.pop(key)
            broken = errors(f"{action}Request", request)
            if kind == 4:
                ours = line.startswith("< ")
                wrong += [f"{action}: refused, but it fits its schema"] if ours and not broken else []
                checked += 1
                continue
            wrong += broken + errors(f"{action}Response", frame[2])
            checked += 2
        for action, request in calls.values():
            wrong += errors(f"{action}Request", request)
            checked += 1
    print("\n".join(wrong) if wrong else f"{checked} frames fit")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
