# The month's bill: as PDF, on a terminal, on a page.

bill-date = { $year }-{ $month }-{ $day }
bill-month = { $name } { $year }
bill-month-1 = January
bill-month-2 = February
bill-month-3 = March
bill-month-4 = April
bill-month-5 = May
bill-month-6 = June
bill-month-7 = July
bill-month-8 = August
bill-month-9 = September
bill-month-10 = October
bill-month-11 = November
bill-month-12 = December

## Head and total

bill-title = Charging bill for { $month }
bill-customer = Customer
bill-cin = Customer number (CIN)
bill-utility = Your utility
bill-total = Total
bill-charges =
    { $count ->
        [one] { $count } charge
       *[other] { $count } charges
    }
bill-credits =
    { $count ->
        [one] { $count } credit
       *[other] { $count } credits
    }
bill-total-of = { $charges }, { $energy }
bill-total-of-credited = { $charges }, { $energy }, less { $credits } of { $amount }
bill-nothing = No charge of yours was settled in this month.
bill-pending =
    { $count ->
        [one] { $count } finished charge is not settled yet; it comes on the bill of the month in which it is.
       *[other] { $count } finished charges are not settled yet; they come on the bill of the month in which they are.
    }

## Summary

bill-networks = By network
bill-network = Network
bill-network-home = { $name } (your utility)
bill-count = Charges
bill-energy = Energy
bill-amount = Amount
bill-sum = Sum
bill-credited = Credits
bill-daily = Energy by day
bill-daily-alt =
    { $days ->
        [one] Bar chart of the energy of each day. You charged on one day, { $day }: { $energy }.
       *[other] Bar chart of the energy of each day. You charged on { $days } days; most on { $day }: { $energy }.
    }
bill-taxes = Taxes in the total
bill-tax = Tax
bill-tax-rate = Rate
bill-tax-base = On
bill-list = Charges
bill-number = No.
bill-day = Date
bill-place = Place

## One charge

bill-details = Each charge in full
bill-charge = Charge { $number }: { $day }, { $network }
bill-about = Time and place
bill-when = Time
bill-when-value = { $day }, { $from } to { $to } ({ $offset })
bill-place-value = { $evse }, { $network }
bill-place-area = { $evse }, { $network }, area { $area }
bill-price = Price
bill-component = Component
bill-quantity = Quantity
bill-unit-price = Unit price
bill-dimension-energy = Energy
bill-dimension-flat = Fee per charge
bill-dimension-parking = Connected without charging
bill-dimension-time = Time charging
bill-once = once
bill-per-kwh = { $price } per kWh
bill-per-hour = { $price } per hour
bill-limits = Least or greatest price of the tariff
bill-discount = { $tier } discount
bill-tax-line = { $name }, { $rate } on { $base }
bill-rounding = Rounding to the smallest coin
bill-charge-total = Total of this charge
bill-tier-standard = Standard
bill-tier-gold = Gold
bill-tier-diamond = Diamond
bill-tier-platinum = Platinum

## Why the price is what it is

bill-reasons = Why this price
bill-reason-tariff = Tariff { $tariff } of agreement { $agreement }.
bill-reason-load = For the load of the grid, energy was priced at { $percent } of the tariff.
bill-reason-list = By the tariff alone the energy would have been { $list }; you paid { $price }, before discount and tax.
bill-reason-corridor = The agreement keeps the energy price between { $floor } and { $cap } per kWh.
bill-reason-held = Without that limit the energy price would have been another.
bill-reason-discount = As a { $tier } customer you got { $percent } off the net price.
bill-reason-rule-used = The agreement's own rule { $rule } made the price, inside the agreed limits.
bill-reason-rule-declined = The agreement's own rule { $rule } left the price to the tariff.
bill-reason-rule-failed = The agreement's own rule { $rule } gave no valid price; the tariff did.
bill-reason-fixed = You agreed to these prices on { $at }, each with the hours in which it counts; they did not change from then on.
bill-reason-estimate = The offer that you agreed to estimated { $low } to { $high }.
bill-reason-said = The signed offer says:

## Who gets what

bill-split = Who gets what
bill-split-fixed = Shared by fixed parts of the net price, { $net }.
bill-split-shapley = Shared by the Shapley value: of the net price { $net } the visited utility first gets its costs, { $costs }; of the surplus { $surplus } the visited utility and the site's owner would have made { $alone } without your utility.
bill-split-nash = Shared by Nash bargaining: of the net price { $net } the visited utility first gets its costs, { $costs }; of the surplus { $surplus } the three would have made { $alone } without an agreement.
bill-party = Party
bill-share = Of the net price
bill-posted = After discount, tax and rounding
bill-party-home = { $name } (your utility)
bill-party-visited = { $name } (visited)
bill-party-owner = Owner of the site
bill-party-tax = Taxes
bill-none = -

## Proof

bill-proof = Proof
bill-session = Charge
bill-agreement = Agreement
bill-offer = Offer
bill-meter = Meter
bill-meter-verified =
    { $records ->
        [one] { $records } signed reading, register { $begin } to { $end }. { $utility } checked its signature with the meter's key in the ledger's registry: it is true.
       *[other] { $records } signed readings, register { $begin } to { $end }. { $utility } checked every signature with the meter's key in the ledger's registry: all are true.
    }
bill-meter-unknown = No record of the check is kept.
bill-meter-key = Meter's key
bill-evidence = Meter readings
bill-event = Charge event
bill-ledger = Ledger
bill-ledger-value = settled in block { $height }
bill-ledger-at = settled in block { $height } on { $at }
bill-transaction = Transaction

## Credits

bill-credit-list = Credits
bill-credit-why = Reason
bill-credit-meter = Wrong meter reading
bill-credit-price = Wrong price
bill-credit-not-the-driver = Not your charge
bill-credit-service = Bad service
bill-credit-courtesy = Courtesy
bill-credit-dispute = Dispute decided

## Check it yourself

bill-verify = Check it yourself
bill-verify-about = Every charge of this bill is on a ledger that the utilities and the regulator keep together. You need not believe { $utility }; what you need is below.
bill-verify-1 = Ask { $utility } for the proof of a charge by its transaction. It is a small file, made with:
bill-verify-2 = Get the consortium's genesis file with the public keys of its founders from somebody you trust, such as the regulator.
bill-verify-3 = Check the proof, with Fairway or with the small second verifier, on any computer:
bill-verify-4 = Compare: charge, block, energy and total must be those of this bill.
bill-verify-5 = The signed meter readings are yours on request. SHA-256 over them in order is what stands here as meter readings, and any OCMF tool checks their signatures with the meter's key.

## Pages

bill-page = Page { $page } of { $pages }
bill-footer = { $utility }, bill for { $month }, CIN { $cin }
bill-missing = Characters that the fonts of this document do not have are drawn as { $sign }. Its text holds them: { $list }.
