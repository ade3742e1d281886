"""Verifies one OCMF record with pyocmf: prints "verified" or "refused".

usage: ocmf_check.py RECORD SPKI_HEX
"""

import sys

from pyocmf import OCMF


def main() -> None:
    record, spki = sys.argv[1], sys.argv[2]
    verified = OCMF.from_string(record).verify_signature(spki)
    print("verified" if verified else "refused")


if __name__ == "__main__":
    main()
