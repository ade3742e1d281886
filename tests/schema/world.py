"""The running demonstration, made ready to be asked: a charge that is settled, proposals that wait for an answer, and the names of both."""

import json
import time
import urllib.request
import uuid
from pathlib import Path

# The member that is asked.
MEMBER = "US*DUK"

# A second part of the same world, whose roaming manager proposes and whose stations serve.
PARTNER = "US*ALP"

# Longest wait for a charge that is settled and for a proposal that is on the ledger, in seconds, on a machine that is busy with other things.
PATIENCE = 240.0
# Between two looks, in seconds.
PAUSE = 0.5

# Among so many first blocks there is one with transactions.
EARLY_BLOCKS = 500


class Person:
    """Somebody who is signed in at a member."""

    def __init__(self, pages: str, account: str, password: str) -> None:
        self.pages = pages
        body = json.dumps({"name": account, "password": password}).encode()
        kind = {"content-type": "application/json"}
        request = urllib.request.Request(f"{pages}/api/v1/login", body, kind)
        with urllib.request.urlopen(request, timeout=60) as answer:
            # A demonstration's cookie has the port in its name. The name in the description counts as well.
            self.cookie = "fairway_session=" + answer.headers["set-cookie"].split(";")[0].split("=", 1)[1]
            self.csrf = json.load(answer)["csrf"]

    def ask(self, path: str, body: dict | None = None) -> bytes:
        """The answer to a question, or with a body to a request, that must have one."""
        headers = {"cookie": self.cookie}
        if body is not None:
            headers |= {"content-type": "application/json", "x-fairway-csrf": self.csrf, "idempotency-key": str(uuid.uuid4())}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.pages}/api/v1{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def get(self, path: str) -> dict:
        """As `ask`, read."""
        return json.loads(self.ask(path))


class World:
    """Whom the demonstration has. Each sign-in has a limit of its own on requests; ten in a minute are allowed."""

    def __init__(self, folder: str) -> None:
        self.told = json.loads(Path(folder, "demo.json").read_text())
        self.driver_line = next(one for one in self.told["drivers"] if one["home"] == self.member(MEMBER)["name"])
        self.seen = self.operator()
        self.driver = self.person(MEMBER, self.driver_line["account"])

    def operator(self) -> Person:
        return self.person(MEMBER, "operator")

    def manager(self) -> Person:
        return self.person(MEMBER, "roaming-manager")

    def member(self, name: str) -> dict:
        return next(one for one in self.told["members"] if one["id"] == name)

    def person(self, member: str, account: str) -> Person:
        return Person(self.member(member)["pages"], account, self.told["password"])

    def begin(self, member: str = PARTNER) -> None:
        """The driver comes to a station of a member and charges."""
        operator = self.member(member)["name"]
        station = next(one["station"] for one in self.told["kiosks"] if one["operator"] == operator)
        deed = {"id": str(uuid.uuid4()), "deed": "charge", "station": station, "driver": self.driver_line["cin"]}
        kind = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.told['simulator']}/act", json.dumps(deed).encode(), kind)
        urllib.request.urlopen(request, timeout=60).close()

    def charge(self) -> dict:
        """A charge of the driver when it is settled."""
        self.begin()
        return awaited("a settled charge", lambda: next((one for one in self.driver.get("/my/sessions")["data"] if one["state"] == "settled"), None))

    def live(self, member: str = PARTNER) -> str:
        """A charge of the driver at a member's station, with energy flowing; of one elsewhere his home knows that he consented, and no more."""
        self.begin(member)
        state = "charging" if member == MEMBER else "authorized"
        return awaited("a charge under way", lambda: next((one["session"] for one in self.driver.get("/my")["live"] if one["state"] == state), None))

    def agreements(self) -> dict[str, str]:
        """An agreement in force whose terms are answered, and two proposals of the partner: one to answer, one to sign."""
        rows = self.seen.get("/agreements")["data"]
        known = {(row["home"], row["visited"]): row["agreement"] for row in rows}
        partner = self.person(PARTNER, "roaming-manager")
        for way in ((MEMBER, PARTNER), (PARTNER, MEMBER)):
            terms = self.seen.get(f"/agreements/{known[way]}")["terms"]
            partner.ask("/agreements", {"terms": terms | {"version": terms["version"] + 1}})

        def waiting() -> list[str] | None:
            found = [row["agreement"] for row in self.seen.get("/agreements")["data"] if row["waits_for_us"]]
            return found if len(found) > 1 else None

        answered, signed, *_ = awaited("two proposals", waiting)
        in_force = next(row["agreement"] for row in rows if MEMBER in (row["home"], row["visited"]) and PARTNER not in (row["home"], row["visited"]) and row["home"] != row["visited"])
        return {"in_force": in_force, "answered": answered, "signed": signed}

    def account(self) -> str:
        """An account that nobody needs."""
        new = {"name": "nobody", "display_name": "Nobody", "role": "auditor", "password": self.told["password"]}
        return json.loads(self.seen.ask("/accounts", new))["account"]

    def transaction(self) -> str:
        """One that is final: the members sign their agreements as soon as there is a ledger."""
        pages = (self.seen.get(f"/ledger/blocks/{height}") for height in range(1, EARLY_BLOCKS))
        return next(page["entries"][0]["transaction"] for page in pages if page["entries"])


def awaited(what: str, look):  # noqa: ANN001, ANN201
    """What `look` finds as soon as it finds something."""
    begin = time.monotonic()
    while time.monotonic() - begin < PATIENCE:
        found = look()
        if found:
            return found
        time.sleep(PAUSE)
    raise SystemExit(f"{what} did not come within {PATIENCE:.0f} s")
