### Words that every page shares.

fairway = Fairway
again = Try again
reload = Reload
close = Close
loading = Loading
sending = Sending
yes = Yes
no = No
none = none
demo-ribbon = DEMO
demo-explained = Demonstration data. The companies are real names without any part in it.

language = Language
theme = Look
theme-auto = As the device
theme-light = Light
theme-dark = Dark
docs = Docs
skip = Skip to the content
looks = Language and look
menu = Menu

amount-open = Show what this amount is made of
id-copy = Copy { $id }
id-copied = Copied

table-all = all
table-count = { $more ->
    [yes] { $count } shown, more follow
   *[no] { $count } shown
 }
table-filters = Filter: { $table }
table-save = Save
table-save-as = Save as { $format }
table-save-failed = The file ({ $format }) could not be made: a part of the program did not arrive. Reload the page when the line is back.
table-save-part = Not all of them: the first { $count } are in the file. Narrow the filter for the rest.
currency = currency

problem-trace = Reference:
problem-unreachable = The server cannot be reached
problem-unreachable-hint = Check the network. What you typed is still here; try again when the line is back.
problem-late = The server did not answer in time
problem-late-hint = It may still be working on it. Trying again is safe: nothing is done twice.
problem-drawing = This part of the page cannot be shown
problem-drawing-hint = This is a fault of the program, not yours, and nothing was changed. Try again; if it stays, tell who runs this Fairway what stands above.
problem-status-400 = The request cannot be read
problem-status-403 = Your account may not do this
problem-status-404 = There is nothing here
problem-status-409 = This does not fit what is there
problem-status-412 = Somebody changed it in the meantime
problem-status-413 = This is too large
problem-status-422 = This cannot be done as it stands
problem-status-429 = Too many requests in a short time
problem-status-500 = The program failed
problem-status-503 = The service is starting or overloaded
problem-status-403-hint = Ask who runs this Fairway for an account with the role.
problem-status-404-hint = It may have been removed, or the address has a typing error.
problem-status-412-hint = Load it again, look at the change, and repeat yours.
problem-status-429-hint = Wait a moment and try again.
problem-status-500-hint = This is a fault of the program, not yours. The reference helps to find it.
problem-status-503-hint = Try again in a moment.

live-lost = The line to the server is cut. What you see is { $age } old.
live-back = The line is back; everything is up to date.
live-retry = Try now

sign-in = Sign in
sign-in-title = Sign in
sign-in-name = Name
sign-in-password = Password
sign-in-demo = Demonstration: choose an account, then sign in.
sign-in-expired = Your sign-in has run out
sign-in-expired-hint = Sign in again to go on. Nothing that you typed is lost.
sign-out = Sign out
password-hint = At least 12 characters. A few words are good.
problem-credentials = Name or password is wrong
problem-credentials-hint = Check both. After five failures each attempt waits longer.
problem-locked = Too many failed attempts
problem-not-signed-in = You are not signed in
problem-not-found = There is nothing here
problem-role = Your account may not do this
problem-fields = Something in the form is not right
problem-duplicate = This exists already
problem-password = This password will not do
problem-proof = This is no proof of a transaction
problem-query = A filter or the address cannot be read
problem-too-far = This takes too long here

keys-title = Keys
keys-search = Search
keys-help = These keys

nothing-here = Page not found
nothing-here-hint = The address leads nowhere. It may be old or have a typing error.
arrow-to = to
more = More
show = Show
search = Search

signature = Signature
signature-good = signature checked
signature-bad = signature is wrong
signature-unknown = not checked here
breakdown = What the price is made of
amount = Amount
total = Total
energy = Energy
time = Time
state = State
session = Charge
station = Station
block = Block
transaction = Transaction
agreement = Agreement
valid-from = Valid from
valid-until = Valid until
version = Version
agreement-proposed = proposed
agreement-countered = countered
agreement-in-force = in force
agreement-later = begins later
agreement-replaced = replaced
agreement-suspended = suspended
agreement-ended = ended
agreement-withdrawn = withdrawn
agreement-lapsed = lapsed
agreement-broken = broken
agreement-steps = Who signed and did what
agreement-steps-none = Not read from the ledger yet, or older than the blocks that this member keeps.
agreement-step-proposed = proposed and signed
agreement-step-countersigned = countersigned
agreement-step-countered = answered with other terms
agreement-step-suspended = suspended
agreement-step-resumed = lifted the suspension
agreement-step-terminated = ended it
agreement-step-broken = ended it for breach
account = Account
balance = Balance

verify-check = Check now
verify-proof = Proof file
verify-keys = Validators' public keys
verify-yes = Proven: block { $height } holds it, under the signatures of { $signers } validators
verify-no = Not proven
verify-self = To trust nobody, take both files and check them yourself, without this server:
verify-program = The program after cargo demo: target/debug/fairway in the folder of the clone; write that instead of fairway.
