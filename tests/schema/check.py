"""Asks a running member everything that its description allows, and much that it does not, and judges every answer by the description.

usage: check.py DEMONSTRATION DESCRIPTION FOLDER

DEMONSTRATION is the folder of a running `fairway demo --quick`, DESCRIPTION the file openapi/fairway.json, FOLDER takes reports. It prints how
often each operation was asked and how often it did what it is for. The last line is `schema: P operations passed, F failed, N requests`. The
exit code is 0 only when nothing failed, enough was asked, and every operation succeeded at least once but those that `NOT_HERE` names.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from known import known
from world import MEMBER, PARTNER, Person, World

# What is not asked here, and why. Each has tests of its own.
NOT_HERE = {
    "GET /api/v1/events": "a stream without an end",
    "POST /api/v1/login": "uses up the ten sign-ins of a minute, and the tries of the account that asks",
    "POST /api/v1/logout": "ends the sign-in that asks",
    "POST /api/v1/setup": "is over as soon as a member has an account",
    "PUT /api/v1/me/password": "changes the password that asks",
}

# What changes nothing.
READS = re.compile(r"GET ")
# Who asks: the others would see refusals alone.
OF_DRIVERS = re.compile(r"[A-Z]+ /api/v1/my(/|$)")
OF_LEDGER = re.compile(r"[A-Z]+ /api/v1/ledger/")
OF_MANAGERS = re.compile(r"[A-Z]+ /api/v1/agreements")
# What only a charge under way can be asked for.
STOP = "POST /api/v1/my/sessions/{session}/stop"
END = "POST /api/v1/sessions/{session}/stop"
# At whose station such a charge is.
UNDER_WAY = {STOP: PARTNER, END: MEMBER}
# Bodies that are whole agreements.
OF_TERMS = re.compile(r"POST /api/v1/agreements(/check|/preview|/\{agreement\}/(counter|effect))?$")

# The server's limit is 1,200 requests in a minute for each sign-in; above it the answer 429 would be all that is seen.
RATE = "1000/m"

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
]

# Answers to what the description allows. Nothing else about it may be wrong, but what is asked for may not be there, or not now.
ACCEPTED = ["2xx", "404", "409"]
# A change that is well-formed may still be against a rule that no description can state: a check digit, a deadline, a sum.
ACCEPTED_CHANGE = [*ACCEPTED, "422"]
# Answers to what it does not allow.
REJECTED = ["400", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
# Answers to a request without a header that it must have.
HEADER_MISSED = ["400", "403", "428"]

# Reading that asks for something imagined, about which a tariff or the ledger may have nothing to say.
IMAGINED = ["GET /api/v1/agreements/{agreement}/preview", "GET /api/v1/settlement/statement"]

# The same requests in every run.
SEED = 7

# Requests for each operation of those whose bodies are whole agreements: every value beside every field would be three thousand requests.
OF_AN_AGREEMENT = 12

# Longest wait for one answer, in seconds, on a machine that is busy with other things.
PATIENCE = 60

# The fewest requests of a run that is worth its name.
FEWEST_REQUESTS = 1500


class Run:
    """One run of Schemathesis: who asks, about what."""

    # Examples of the description, and each limit that it states, kept and broken.
    thorough = ["--phases", "examples,coverage"]
    # By chance, so many.
    drawn = ["--phases", "examples,fuzzing", "--max-examples", str(OF_AN_AGREEMENT)]

    def __init__(self, name: str, person: Person, asked: list[str]) -> None:
        self.name, self.person, self.asked = name, person, asked
        self.how = Run.thorough

    def settings(self) -> str:
        """Which answers are right, in the form of Schemathesis."""
        accepted = ACCEPTED if all(READS.match(name) for name in self.asked) else ACCEPTED_CHANGE
        lines = ["[generation]", "with-security-parameters = false"]
        for check, statuses in (
            ("positive_data_acceptance", accepted),
            ("negative_data_rejection", REJECTED),
            ("missing_required_header", HEADER_MISSED),
        ):
            lines += [f"[checks.{check}]", f"expected-statuses = {json.dumps(statuses)}"]
        for name in IMAGINED:
            lines += ["[[operations]]", f"include-name = {json.dumps(name)}"]
            lines += ["[operations.checks.positive_data_acceptance]", f"expected-statuses = {json.dumps(ACCEPTED_CHANGE)}"]
        return "\n".join([*lines, ""])

    def words(self, description: Path, folder: Path) -> list[str]:
        """The command."""
        words = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(folder / f"{self.name}.toml")]
        words += ["run", str(description), "--url", self.person.pages, *self.how]
        words += [word for name in self.asked for word in ("--include-name", name)]
        words += ["--checks", ",".join(CHECKS), "--rate-limit", RATE, "--seed", str(SEED)]
        # How long a machine that is busy takes to draw says nothing about the member.
        words += ["--suppress-health-check", "too_slow,filter_too_much", "--request-timeout", str(PATIENCE)]
        words += ["--continue-on-failure", "--no-color", "--warnings", "off"]
        words += ["--header", f"Cookie: {self.person.cookie}"]
        return [*words, "--report", "json", "--report-json-path", str(folder / f"{self.name}.json")]

    def play(self, description: Path, folder: Path, facts: dict) -> dict:
        """The report, after the run."""
        (folder / f"{self.name}.toml").write_text(self.settings())
        told = {"known": facts, "counts": str(folder / f"{self.name}.counts"), "pages": self.person.pages}
        told |= {"cookie": self.person.cookie, "csrf": self.person.csrf}
        about = folder / f"{self.name}.run.json"
        about.write_text(json.dumps(told))
        report = folder / f"{self.name}.json"
        for file in (report, Path(told["counts"])):
            file.unlink(missing_ok=True)
        place = {"FAIRWAY_SCHEMA_RUN": str(about), "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("hooks.py"))}
        # Its folder for what it learned between runs is ours as well.
        own = folder / self.name
        own.mkdir(exist_ok=True)
        done = subprocess.run(self.words(description, folder), check=False, cwd=own, env={**os.environ, **place}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(f"{self.name}:\n{done.stdout.decode(errors='replace')}", flush=True)
        return json.loads(report.read_text())


def runs(world: World, names: list[str]) -> list[list[Run]]:
    """Who asks what, so that every operation is asked by somebody who may. What stands together is asked at once; what only reads comes first."""
    own = [name for name in names if OF_DRIVERS.match(name)]
    most = [name for name in names if name not in own]
    reads = [name for name in most if READS.match(name)]
    changes = [name for name in most if not READS.match(name) and name != END]
    ledger = [name for name in reads if OF_LEDGER.match(name)]
    terms = Run("terms", world.manager(), [name for name in changes if OF_TERMS.match(name)])
    terms.how = Run.drawn
    signs = [name for name in changes if OF_MANAGERS.match(name) and name not in terms.asked]
    return [
        [
            Run("reads", world.operator(), [name for name in reads if name not in ledger]),
            Run("reads-ledger", world.operator(), ledger),
            Run("reads-own", world.driver, [name for name in own if READS.match(name)]),
        ],
        # Before the driver freezes his card.
        [Run("stops", world.driver, [STOP])],
        [Run("ends", world.operator(), [END])],
        # The driver objects before the operator answers.
        [Run("changes-own", world.driver, [name for name in own if not READS.match(name) and name != STOP]), terms],
        [
            Run("changes", world.operator(), [name for name in changes if not OF_MANAGERS.match(name)]),
            Run("signs", world.manager(), signs),
        ],
    ]


def played(world: World, description: Path, folder: Path) -> list[dict]:
    """The reports of all runs."""
    facts = known(world)
    names = [name for name in operations(description) if name not in NOT_HERE]
    reports = []
    for together in runs(world, names):
        objections = world.driver.get("/my/disputes")["data"]
        if objections:
            facts["path"]["dispute"] = objections[0]["dispute"]
        for name in {name for run in together for name in run.asked} & UNDER_WAY.keys():
            facts["paths"][name] = {"session": world.live(UNDER_WAY[name])}
        with ThreadPoolExecutor() as places:
            reports += places.map(lambda run: run.play(description, folder, facts), together)
    return reports


def operations(description: Path) -> list[str]:
    paths = json.loads(description.read_text())["paths"]
    return [f"{method.upper()} {path}" for path, item in paths.items() for method in item]


def flaws(names: list[str], asked: Counter[str], succeeded: Counter[str]) -> list[str]:
    """What the counts prove to be missing, or to be too much on the list."""
    found = []
    for name in names:
        if name in NOT_HERE:
            found += [f"{name} is on the list of what is not asked, and was asked"] if asked[name] else []
        elif not succeeded[name]:
            found.append(f"{name} was asked {asked[name]} times and never succeeded")
    return found + [f"{name} is on the list of what is not asked, and is no operation" for name in NOT_HERE if name not in names]


def counted(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each operation was asked, and how often it did what it is for."""
    asked: Counter[str] = Counter()
    succeeded: Counter[str] = Counter()
    lines = [line for file in folder.glob("*.counts") for line in file.read_text().splitlines()]
    for line in lines:
        status, name = line.split(" ", 1)
        asked[name] += 1
        succeeded[name] += status.startswith("2")
    return asked, succeeded


def main() -> int:
    demonstration, description, folder = sys.argv[1:4]
    # Schemathesis runs in that folder.
    place = Path(folder).resolve()
    place.mkdir(parents=True, exist_ok=True)
    about = Path(description).resolve()
    reports = played(World(demonstration), about, place)
    names = operations(about)
    asked, succeeded = counted(place)
    print("succeeded of asked:")
    for name in names:
        print(f"{succeeded[name]:5} of {asked[name]:4} {name}{': ' + NOT_HERE[name] if name in NOT_HERE else ''}")
    missed = flaws(names, asked, succeeded)
    requests = sum(asked.values())
    if requests < FEWEST_REQUESTS:
        missed.append(f"too little was asked: {FEWEST_REQUESTS} requests are the fewest")
    print("\n".join(missed))
    failed = len(missed) + sum(len(report["failures"]) + len(report["errors"]) for report in reports)
    failed += sum(1 for report in reports if report["exit_code"] != 0 and not report["failures"])
    passed = sum(1 for name in names if succeeded[name])
    print(f"schema: {passed} operations passed, {failed} failed, {requests} requests")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
