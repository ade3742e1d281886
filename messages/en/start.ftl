### The first page, set-up and sign-in.

start-title = Fairway
start-about = Charge at any member's station and get one bill at home. Two utilities agree on every price, both sign it, and a ledger that no single company runs checks it once more before it moves the money.
start-console = Console
start-console-about = For those who run a utility: charges, stations, agreements, settlement.
start-my = My charging
start-my-about = For drivers: the charge under way, the bill, each line proven.
start-explorer = Ledger explorer
start-explorer-about = For auditors: blocks, transactions in plain words, accounts that add up to zero.
start-docs = Documentation
start-docs-about = Start, concepts, and a page for drivers, operators, engineers and auditors each. Inside this program, no network needed.
start-tour = This is one member of a demonstration. Six things to try, across all members, stand on the page that the program printed under Begin here.
setup-title = The first account
setup-about = You are setting up { $member }. This account may make all others.
setup-action = Make the account
setup-name-hint = What you sign in with, for example ada.
setup-display-name = Your name
setup-done = Set-up is done already. Sign in with an account, or ask an operator for one.
setup-no-token = This address needs the secret from the link that the program printed at its first start. Open that link as it was printed.
setup-needed = No account exists yet: open the link that the program printed
