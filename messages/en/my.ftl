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
my-live-hint = What your utility was told last; the station is a few seconds ahead. Stop at the station or by unplugging.
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
