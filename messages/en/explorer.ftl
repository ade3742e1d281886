### The ledger's explorer.

explorer-title = Ledger explorer
explorer-blocks = Blocks
explorer-accounts = Accounts
explorer-check = Check a proof
explorer-agreements = Agreements
explorer-console = Console
explorer-my = My charging
explorer-search = Height, hash, charge or agreement
explorer-not-found = Nothing has this name. Ids must be whole.
explorer-newer = { $count ->
    [one] Show one newer block
   *[other] Show { $count } newer blocks
 }
explorer-transactions = Transactions
explorer-proposer = Proposed by
explorer-digest = Digest
explorer-parent = Block before
explorer-root = State after it
explorer-no-blocks = No blocks
explorer-no-blocks-hint = The ledger has just begun. The first transaction makes the first block.
explorer-empty-block = An empty block
explorer-empty-block-hint = It carries the time forward and holds no transaction.
explorer-books-then = The accounts after this block
explorer-where = Where it stands
explorer-by = By
explorer-kind = Kind
explorer-signed = Signed by
explorer-signers = { $signers } of { $validators } validators, block { $height }
explorer-postings = Postings
explorer-zero = The postings add up to zero
explorer-not-zero = The postings do not add up to zero
explorer-items = What it holds
explorer-proof = Proof
explorer-fields = All fields
explorer-bytes = Bytes as they were signed
explorer-receipt = Receipt
explorer-at-height = After block
explorer-after = The books after block
explorer-incomplete = not every account is known at this height
explorer-sum-zero = All accounts together are zero: money moved, none was made
explorer-sum-not-zero = The accounts do not add up to zero. Tell every member.
explorer-no-accounts = No account has moved yet
explorer-no-accounts-hint = The first settled charge makes the first postings.
explorer-positions = Owed between members, not netted yet
outcome-tx-applied = applied
outcome-tx-refused = refused
account-kind-member = member
account-kind-tax = taxes
account-kind-owner = station owner
account-kind-token = tokens
account-kind-issued = tokens issued
account-kind-redeeming = being redeemed
account-kind-collateral = collateral
check-about = Choose a proof file. It is checked against the public keys of this consortium's validators.
check-choose = Proof file (.cbor)
check-too-large = This file is too large for a proof
