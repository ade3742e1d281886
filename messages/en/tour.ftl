### Where the demonstration begins: six things to try.

tour-title = Six things to try
tour-about = Each takes less than a minute and opens in a tab of its own, at the member where it happens. The sign-in is filled in; press Sign in.
tour-clock = Its clock is its own: an hour passes in a minute, and it began on 16 November 2026.
tour-lost = The demonstration does not answer; the page tries again.
tour-count = { $count } of { $all } done
tour-done = done
tour-charge = Charge as { $driver } at a station of { $visited }
tour-charge-how = At the station's screen type her number and #: { $home } vouches for her, the price stands before you agree, and the bill follows at home. Cable and car are at the bottom, under “Demonstration: card and car”.
tour-cin = { $driver }'s number:
tour-charge-do = Let { $driver } do it
tour-story = Read the whole story of that charge
tour-story-how = Choose the newest charge at { $visited }: who asked whom, the offer with both signatures, each meter record, the price computed by both and by the ledger, and who gets what.
tour-bill = Prove a line of { $driver }'s bill
tour-bill-how = At { $home } open the month, then a line: every amount opens what it is made of, and Check now asks for the validators' signatures.
tour-terms = Change a price and see what it would have meant
tour-terms-how = You are the roaming manager of { $visited }. Type another price per kWh: the contract's text follows, and What would it have meant? rates the last month's charges again.
tour-audit = See that all accounts add up to zero
tour-audit-how = You are the auditor of { $witness }: every account of the ledger with its balance, and who owes whom, with no name of any driver.
tour-break = Kill a validator while somebody charges
tour-break-how = Kill { $witness }: three of four nodes go on, charges settle, and the check at the top still says that the books balance.
tour-members = All members' pages
tour-password = Every account of the demonstration has the same password; each sign-in page fills it in.
