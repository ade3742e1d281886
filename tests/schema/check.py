"""Asks a running member everything that its description allows, and much that it does not, and judges every answer by the description.

usage: check.py DEMONSTRATION DESCRIPTION FOLDER

DEMONSTRATION is the folder of a running `fairway demo --quick`, DESCRIPTION the file openapi/fairway.json, FOLDER takes reports. The last
line is `schema: P operations passed, F failed, N requests`. The exit code is 0 only when nothing failed and enough was asked.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

# The member that is asked.
MEMBER = "US*DUK"

# What nobody asks, and why. Signing in and out and changing the password would end the sign-in that asks, or use up the tries of its account; the
# list of accounts would let made-up people in; the setup is over; the events are a stream without an end.
LEFT_OUT = r"^/api/v1/(login|logout|me/password|accounts|setup|events)"

# What only some may ask, so that others would see refusals alone.
OF_MANAGERS = r"^/api/v1/agreements"
OF_DRIVERS = r"^/api/v1/my"
# What stands for something that exists: with invented names these would only ever answer that there is no such thing.
OF_THINGS = r"^/api/v1/(agreements|forecasts|customers|ledger/transactions)/\{[a-z]+\}(/(diff|bills|proof).*)?$"

# The server's limit is 1,200 requests in a minute for each sign-in; above it the answer 429 would be all that is seen.
RATE = "1000/m"

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]

# Among so many first blocks there is one with transactions.
EARLY_BLOCKS = 500

# The same requests in every run.
SEED = 7

# Requests for each operation of those whose bodies are whole agreements: every value beside every field would be three thousand requests.
OF_AN_AGREEMENT = 40

# The fewest operations and requests of a run that is worth its name: the description has 71 operations, nine of which are left out.
FEWEST_OPERATIONS = 55
FEWEST_REQUESTS = 1500


class Person:
    """Somebody who is signed in at a member."""

    def __init__(self, pages: str, account: str, password: str) -> None:
        self.pages = pages
        body = json.dumps({"name": account, "password": password}).encode()
        kind = {"content-type": "application/json"}
        request = urllib.request.Request(f"{pages}/api/v1/login", body, kind)
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.cookie = answer.headers["set-cookie"].split(";")[0]
            self.token = json.load(answer)["csrf"]

    def get(self, path: str) -> dict:
        """The answer to a question that must have one."""
        request = urllib.request.Request(
            f"{self.pages}/api/v1{path}", headers={"cookie": self.cookie}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def things(operator: Person) -> dict[str, str]:
    """Names of things that exist at the member, by the names of the parameters that they stand for."""
    # The members sign their agreements as soon as there is a ledger.
    pages = (operator.get(f"/ledger/blocks/{height}") for height in range(1, EARLY_BLOCKS))
    entry = next(page["entries"][0] for page in pages if page["entries"])
    agreements = operator.get("/agreements")["data"]
    return {
        "agreement": agreements[0]["agreement"],
        "other": agreements[-1]["agreement"],
        "customer": operator.get("/customers")["data"][0]["customer"],
        "transaction": entry["transaction"],
        "month": operator.get("/me")["now"][:7],
    }


class Run:
    """One run of Schemathesis: who asks, about what."""

    # Examples of the description, and each limit that it states, kept and broken.
    thorough = ["--phases", "examples,coverage"]
    # By chance, so many.
    drawn = ["--phases", "examples,fuzzing", "--max-examples", str(OF_AN_AGREEMENT)]

    def __init__(self, name: str, person: Person, only: str) -> None:
        self.name, self.person, self.only = name, person, only
        self.but = LEFT_OUT
        self.how = Run.thorough
        self.known: dict[str, str] = {}

    def play(self, description: str, folder: Path) -> dict:
        """The report, after the run."""
        settings = folder / f"{self.name}.toml"
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.known.items()]
        settings.write_text("\n".join(["[parameters]", *lines, ""]))
        report = folder / f"{self.name}.json"
        report.unlink(missing_ok=True)
        words = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(settings)]
        words += ["run", description, "--url", self.person.pages]
        words += ["--include-path-regex", self.only, "--exclude-path-regex", self.but, *self.how]
        words += ["--checks", ",".join(CHECKS)]
        words += ["--rate-limit", RATE, "--seed", str(SEED)]
        words += ["--continue-on-failure", "--request-timeout", "30", "--no-color", "--warnings", "off"]
        words += ["--header", f"Cookie: {self.person.cookie}"]
        words += ["--header", f"X-Fairway-Csrf: {self.person.token}"]
        words += ["--report", "json", "--report-json-path", str(report)]
        # Its folder for what it learned between runs is ours as well.
        subprocess.run(words, check=False, cwd=folder)
        return json.loads(report.read_text())


def runs(told: dict) -> list[Run]:
    """Who asks what, so that every operation is asked by somebody who may."""
    member = next(one for one in told["members"] if one["id"] == MEMBER)
    driver = next(one for one in told["drivers"] if one["home"] == member["name"])
    accounts = ["operator", "roaming-manager", driver["account"]]
    operator, manager, driver = [Person(member["pages"], one, told["password"]) for one in accounts]
    most = Run("operator", operator, ".")
    most.but = f"{LEFT_OUT}|{OF_MANAGERS}|{OF_DRIVERS}"
    agreements = Run("manager", manager, OF_MANAGERS)
    agreements.how = Run.drawn
    own = Run("driver", driver, OF_DRIVERS)
    again = Run("things", operator, OF_THINGS)
    again.known = things(operator)
    return [most, agreements, own, again]


def main() -> int:
    demonstration, description, folder = sys.argv[1:4]
    told = json.loads(Path(demonstration, "demo.json").read_text())
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    reports = [run.play(str(Path(description).resolve()), place) for run in runs(told)]
    # What exists is asked for a second time: those operations count once.
    passed = sum(report["operations"]["tested"] for report in reports[:-1])
    requests = sum(report["test_cases"]["generated"] for report in reports)
    failed = sum(len(report["failures"]) + len(report["errors"]) for report in reports)
    failed += sum(1 for report in reports if report["exit_code"] != 0 and not report["failures"])
    if passed < FEWEST_OPERATIONS or requests < FEWEST_REQUESTS:
        print(f"too little was asked: {FEWEST_OPERATIONS} operations and {FEWEST_REQUESTS} requests are the fewest")
        failed += 1
    print(f"schema: {passed} operations passed, {failed} failed, {requests} requests")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
