### The driver's pages.

my-title = My charging
my-home = Home
my-sessions = Charges
my-bills = Bills
my-disputes = Disputes
my-not-driver = This account has no charges of its own
my-not-driver-hint = These pages are for drivers. Operators work in the console; to look at a driver's pages, sign out and sign in as a driver.
my-console = To the console
my-hello = Hello,
my-live = Charging now
my-live-hint = What your utility was told last; the station is a few seconds ahead.
my-no-live = No charge is under way
my-no-live-hint = Type your number at any station of the network, or show your card. The charge then appears here.
my-month = { $month } so far
my-month-note = { $lines ->
    [one] one charge
   *[other] { $lines } charges
 }{ $pending ->
    [0] {""}
   *[other] , { $pending } to come
 }
my-owed = To pay
my-number = Your charging number (CIN)
my-number-hint = Type it on the dial pad of any station, also of other utilities.
my-month-pick = Month
my-no-sessions = No charges
my-no-sessions-hint = Choose another month, or charge your car.
my-no-bills = No bills yet
my-no-bills-hint = The first bill appears with your first charge.
my-no-disputes = You have not objected to a charge.
my-answer = Answer:
my-object = Object to a charge
my-object-about = Your utility looks at it, asks the other one, and credits what was wrong. You see each step here.
my-object-which = Which charge
my-object-why = What is wrong
my-object-text = What happened
my-object-text-hint = In your own words, at most 2000 characters.
my-object-claimed = What would be right
my-object-claimed-hint = The total as it should be; leave empty if you do not know.
my-object-claimed-wrong = This is no amount: write it with digits and a point or comma, such as 4.50
my-object-send = Send
my-object-free = The charge that you came from has cost nothing; choose another one.
my-stop = Stop charging
my-stop-sure = Stop this charge?
my-stop-about = { $network } tells the station to stop. You pay for what was charged until then.
my-stop-not = Go on charging
my-stop-key = The stop key on the post, your card and unplugging work at any time.
my-stopping = asked to stop
my-stop-asked = You asked to stop. { $network } has not answered yet; it is asked again until it does.
my-stop-told = You asked to stop. { $network } has told the station; the end follows.
my-stop-waits = You asked to stop. The station has no connection to { $network } at present and is told as soon as it is back.
my-stop-refused = { $network } did not stop it:
my-stop-why-out-of-order = no energy flowed at that moment.
my-stop-why-session-unknown = it does not know this charge.
my-cards = Cards and keys
my-cards-lost = Card lost? Freeze it here.
my-cards-mine = What charges on your bill
my-card = Card, key or contract
my-card-ends = ends in { $end }
my-open = may charge
my-blocked = blocked by your utility
my-blocked-hint = Your utility has blocked your cards and numbers. Only it can lift that: call it.
my-frozen = frozen by you
my-frozen-since = You froze your cards and numbers on
my-frozen-hint = None of them starts a charge until you unfreeze them.
my-freeze-title = Freeze at once
my-freeze = Freeze now
my-freeze-sure = Freeze all your cards and numbers?
my-freeze-about = From that moment on no card, key or number of yours starts a charge, at home or elsewhere. Only you can unfreeze them, here, at any time.
my-freeze-running = A charge that is under way goes on and is billed. Stop it on the first page or at the station. A network that cannot be reached hears of the freeze when it is back; "Who knows you" shows which.
my-freeze-not = Leave as it is
my-unfreeze = Unfreeze
my-profiles = Who knows you
my-profiles-about = Networks where you charged may keep a visiting profile, so that you can charge again without a question to your utility. It has your tier and terms, and neither name nor address.
my-profile-until = until
my-profile-leaving = taken back, not confirmed yet; at the latest until
my-no-profiles = No other network keeps a profile of you.
