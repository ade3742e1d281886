"""A charging station on the PyPI package `ocpp` (mobilityhouse), OCPP 2.0.1, driving one whole charge.

It signs its meter readings with its own OCMF writer on `cryptography`. It knows nothing of Fairway but the standard: it presents
the card, reads the price, presents the card again to accept, starts when accepted, meters, and ends.

usage: ocpp_station.py JSON, with the members url, station, password, certificate, cin, meter_seed (hex), wall_start_ms, begin_ms,
speed
prints one JSON line: statuses, price text, total cost
"""

import asyncio
import base64
import json
import ssl
import sys
import time
from datetime import datetime, timezone

import websockets
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call, call_result

SETUP = json.loads(sys.argv[1])
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TRANSACTION = "others-0001"


def clock() -> datetime:
    """The clock that all members and stations of the test run by."""
    passed = time.time() * 1000 - SETUP["wall_start_ms"]
    return datetime.fromtimestamp((SETUP["begin_ms"] + passed * SETUP["speed"]) / 1000, tz=timezone.utc)


class Meter:
    """Signs readings as OCMF records."""

    def __init__(self, seed: bytes) -> None:
        scalar = (int.from_bytes(seed, "big") & ((1 << 255) - 1)) | 1
        self.key = ec.derive_private_key(scalar % ORDER, ec.SECP256R1())
        self.page = 0

    def public(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def record(self, at: datetime, marker: str, kwh: str) -> str:
        self.page += 1
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S,") + f"{at.microsecond // 1000:03d}+0000 S"
        payload = (
            f'{{"FV":"1.0","GI":"Another maker","GS":"OTHER-1","PG":"T{self.page}","MS":"OTHER-METER-1","IS":false,'
            f'"IF":[],"IT":"NONE","RD":[{{"TM":"{stamp}","TX":"{marker}","RV":{kwh},"RI":"01-00:B0.08.00*FF",'
            f'"RU":"kWh","ST":"G"}}]}}'
        )
        signature = self.key.sign(payload.encode(), ec.ECDSA(hashes.SHA256()))
        return f'OCMF|{payload}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature.hex().upper()}"}}'


class Station(ChargePoint):
    """The station: answers what a gateway asks."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.starts = 0

    @on("RequestStartTransaction")
    def on_start(self, **_):
        self.starts += 1
        return call_result.RequestStartTransaction(status="Rejected")

    @on("RequestStopTransaction")
    def on_stop(self, **_):
        return call_result.RequestStopTransaction(status="Accepted")

    @on("CostUpdated")
    def on_cost(self, **_):
        return call_result.CostUpdated()

    @on("DataTransfer")
    def on_data(self, **_):
        return call_result.DataTransfer(status="UnknownVendorId")

    @on("SetDisplayMessage")
    def on_show(self, **_):
        return call_result.SetDisplayMessage(status="Accepted")


def values(meter: Meter, context: str, marker: str, kwh: str) -> list:
    at = clock()
    published = base64.b64encode(b"oca:base16:asn1:" + meter.public().hex().encode()).decode()
    return [
        {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "sampledValue": [
                {
                    "value": float(kwh),
                    "context": context,
                    "measurand": "Energy.Active.Import.Register",
                    "unitOfMeasure": {"unit": "kWh"},
                    "signedMeterValue": {
                        "signedMeterData": base64.b64encode(meter.record(at, marker, kwh).encode()).decode(),
                        "signingMethod": "ECDSA-secp256r1-SHA256",
                        "encodingMethod": "OCMF",
                        "publicKey": published,
                    },
                }
            ],
        }
    ]


async def event(station: Station, kind: str, reason: str, seq: int, info: dict, meter_value: list, **more):
    return await station.call(
        call.TransactionEvent(
            event_type=kind,
            timestamp=clock().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            trigger_reason=reason,
            seq_no=seq,
            transaction_info={"transaction_id": TRANSACTION, **info},
            meter_value=meter_value,
            **more,
        )
    )


async def charge(station: Station) -> dict:
    card = {"id_token": SETUP["cin"], "type": "Central"}
    meter = Meter(bytes.fromhex(SETUP["meter_seed"]))
    boot = await station.call(
        call.BootNotification(charging_station={"model": "Other 1", "vendor_name": "Another maker"}, reason="PowerUp")
    )
    now = clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    await station.call(
        call.StatusNotification(timestamp=now, connector_status="Available", evse_id=1, connector_id=1)
    )
    first = await station.call(call.Authorize(id_token=card))
    second = await station.call(call.Authorize(id_token=card))
    # Accepted is what a station of this version starts by; another start command would be one too many.
    await event(
        station, "Started", "Authorized", 0, {"charging_state": "Charging"},
        values(meter, "Transaction.Begin", "B", "100.000"), evse={"id": 1, "connector_id": 1}, id_token=card,
    )
    await asyncio.sleep(0.5)
    await event(
        station, "Updated", "MeterValuePeriodic", 1, {"charging_state": "Charging"},
        values(meter, "Sample.Periodic", "C", "105.500"),
    )
    await asyncio.sleep(0.5)
    end = await event(
        station, "Ended", "StopAuthorized", 2, {"charging_state": "Idle", "stopped_reason": "Local"},
        values(meter, "Transaction.End", "E", "110.250"),
    )
    return {
        "boot": boot.status,
        "first": first.id_token_info["status"],
        "price": first.id_token_info.get("personal_message", {}).get("content"),
        "second": second.id_token_info["status"],
        "total": end.total_cost,
        "start_commands": station.starts,
    }


async def main() -> None:
    trust = ssl.create_default_context(cafile=SETUP["certificate"])
    basic = base64.b64encode(f"{SETUP['station']}:{SETUP['password']}".encode()).decode()
    async with websockets.connect(
        f"{SETUP['url']}/ocpp/{SETUP['station']}",
        subprotocols=["ocpp2.0.1"],
        additional_headers={"Authorization": f"Basic {basic}"},
        ssl=trust,
    ) as socket:
        station = Station(SETUP["station"], socket)
        listening = asyncio.create_task(station.start())
        result = await charge(station)
        print(json.dumps(result), flush=True)
        await asyncio.sleep(1)
        listening.cancel()


asyncio.run(main())
