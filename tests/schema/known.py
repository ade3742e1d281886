"""Everything that no description can say: which ids, versions and values exist at the member that is asked.

A request that shall be right gets these (`hooks.py`). Names in brackets stand for the description's parameters.
"""

from world import MEMBER, PARTNER, World


def cursors(world: World) -> dict[str, str | None]:
    """Where each list's second page begins; none where the first has everything."""
    asked = {"/my/sessions": world.driver}
    lists = ["/accounts", "/customers", "/ledger/blocks", "/sessions", "/my/sessions"]
    return {path: asked.get(path, world.seen).get(f"{path}?limit=1")["next_cursor"] for path in lists}


def known(world: World) -> dict:
    """By operation or by name, what is put where."""
    charge = world.charge()
    agreements = world.agreements()
    operator = world.seen
    customer = operator.get("/customers")["data"][0]
    transaction = world.transaction()
    in_force = agreements["in_force"]
    terms = operator.get(f"/agreements/{in_force}")["terms"]
    tariff = terms["tariffs"][0]["id"]
    forecast = operator.get("/forecasts")["data"][0]["agreement"]
    policy = {name: value for name, value in operator.get("/policy").items() if name not in ("version", "loads")}
    now = operator.get("/me")["now"]
    station = operator.get("/stations")["data"][0]
    answered = operator.get(f"/agreements/{agreements['answered']}")["terms"]
    cent = {"currency": charge["total"]["currency"], "scale": 2}

    # What a customer with charges does not change, and values that are right.
    kept = {name: customer[name] for name in ("class", "payment", "credit_limit", "language", "credentials")} | {"pin": None}

    def of(agreement: str) -> dict[str, str]:
        return {"agreement": agreement}

    return {
        # Parameters of paths, by name.
        "path": {
            "account": world.account(),
            "agreement": in_force,
            "area": station["evses"][0]["area"],
            "customer": customer["customer"],
            "height": str(operator.get("/ledger/blocks?limit=1")["data"][0]["height"]),
            "month": now[:7],
            "other": in_force,
            "session": charge["session"],
            "station": station["station"],
            "transaction": transaction,
        },
        # The same of single operations.
        "paths": {
            "GET /api/v1/forecasts/{agreement}": of(forecast),
            "POST /api/v1/agreements/{agreement}/counter": of(agreements["answered"]),
            "POST /api/v1/agreements/{agreement}/countersign": of(agreements["signed"]),
        },
        # Parameters behind the question mark, by name; what is null is left out.
        "query": {
            "currency": charge["total"]["currency"],
            "cycle": None,
            "day": now[:10],
            "evse": None,
            "from": now,
            "partner": PARTNER,
            "station": station["station"],
            "tariff": tariff,
            "to": now,
        },
        "cursors": {f"GET /api/v1{path}": cursor for path, cursor in cursors(world).items()},
        # Fields of bodies: every second request that shall be right in every part gets them, the first one among them, and each that is wrong elsewhere.
        "fields": {
            "POST /api/v1/accounts": {"role": "auditor", "customer": None, "display_name": "One More", "password": "long enough for an account"},
            "POST /api/v1/agreements": {"terms": terms | {"version": terms["version"] + 1}},
            "POST /api/v1/agreements/check": {"terms": terms},
            "POST /api/v1/agreements/preview": {"terms": terms},
            "POST /api/v1/agreements/{agreement}/counter": {"terms": answered | {"due_days": answered["due_days"] + 1}},
            "POST /api/v1/agreements/{agreement}/effect": {"terms": terms},
            "POST /api/v1/agreements/{agreement}/suspend": {"ground": "technical", "evidence": None},
            "POST /api/v1/agreements/{agreement}/terminate": {"from": None},
            "POST /api/v1/customers": kept | {"cin": customer["cin"], "name": customer["name"]},
            "PATCH /api/v1/customers/{customer}": {name: value for name, value in kept.items() if name != "class"},
            "POST /api/v1/customers/{customer}/top-up": {"amount": cent | {"amount": 100}},
            "POST /api/v1/disputes/{dispute}/open": {"claimed": cent | {"amount": 1}},
            "PUT /api/v1/loads/{area}": {"load_bps": 11_000},
            "POST /api/v1/my/disputes": {"session": charge["session"], "claimed": None},
            "PUT /api/v1/policy": policy,
        },
        # Where a version is read before it is changed.
        "versions": {
            "PATCH /api/v1/customers/{customer}": f"/customers/{customer['customer']}",
            "PUT /api/v1/policy": "/policy",
        },
        # A proof, in hexadecimal digits, for the operation that takes bytes.
        "proof": operator.ask(f"/ledger/transactions/{transaction}/proof").hex(),
        "member": MEMBER,
    }
