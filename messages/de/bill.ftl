# Die Monatsrechnung: als PDF, auf einem Terminal, auf einer Seite.

bill-date = { $day }.{ $month }.{ $year }
bill-month = { $name } { $year }
bill-month-1 = Januar
bill-month-2 = Februar
bill-month-3 = März
bill-month-4 = April
bill-month-5 = Mai
bill-month-6 = Juni
bill-month-7 = Juli
bill-month-8 = August
bill-month-9 = September
bill-month-10 = Oktober
bill-month-11 = November
bill-month-12 = Dezember

## Kopf und Summe

bill-title = Laderechnung für { $month }
bill-customer = Kunde
bill-cin = Kundennummer (CIN)
bill-utility = Ihr Versorger
bill-total = Summe
bill-charges =
    { $count ->
        [one] { $count } Ladung
       *[other] { $count } Ladungen
    }
bill-credits =
    { $count ->
        [one] { $count } Gutschrift
       *[other] { $count } Gutschriften
    }
bill-total-of = { $charges }, { $energy }
bill-total-of-credited = { $charges }, { $energy }, abzüglich { $credits } über { $amount }
bill-nothing = In diesem Monat wurde keine Ihrer Ladungen abgerechnet.
bill-pending =
    { $count ->
        [one] { $count } beendete Ladung ist noch nicht abgerechnet; sie kommt auf die Rechnung des Monats, in dem sie es ist.
       *[other] { $count } beendete Ladungen sind noch nicht abgerechnet; sie kommen auf die Rechnung des Monats, in dem sie es sind.
    }

## Übersicht

bill-networks = Nach Netz
bill-network = Netz
bill-network-home = { $name } (Ihr Versorger)
bill-count = Ladungen
bill-energy = Energie
bill-amount = Betrag
bill-sum = Summe
bill-credited = Gutschriften
bill-daily = Energie je Tag
bill-daily-alt =
    { $days ->
        [one] Balkendiagramm der Energie je Tag. Sie luden an einem Tag, dem { $day }: { $energy }.
       *[other] Balkendiagramm der Energie je Tag. Sie luden an { $days } Tagen; am meisten am { $day }: { $energy }.
    }
bill-taxes = Steuern in der Summe
bill-tax = Steuer
bill-tax-rate = Satz
bill-tax-base = Auf
bill-list = Ladungen
bill-number = Nr.
bill-day = Datum
bill-place = Ort

## Eine Ladung

bill-details = Jede Ladung im Einzelnen
bill-charge = Ladung { $number }: { $day }, { $network }
bill-about = Zeit und Ort
bill-when = Zeit
bill-when-value = { $day }, { $from } bis { $to } ({ $offset })
bill-place-value = { $evse }, { $network }
bill-place-area = { $evse }, { $network }, Gebiet { $area }
bill-price = Preis
bill-component = Bestandteil
bill-quantity = Menge
bill-unit-price = Einzelpreis
bill-dimension-energy = Energie
bill-dimension-flat = Gebühr je Ladung
bill-dimension-parking = Angeschlossen ohne Laden
bill-dimension-time = Ladezeit
bill-once = einmal
bill-per-kwh = { $price } je kWh
bill-per-hour = { $price } je Stunde
bill-limits = Mindest- oder Höchstpreis des Tarifs
bill-discount = { $tier }-Rabatt
bill-tax-line = { $name }, { $rate } auf { $base }
bill-rounding = Rundung auf die kleinste Münze
bill-charge-total = Summe dieser Ladung
bill-tier-standard = Standard
bill-tier-gold = Gold
bill-tier-diamond = Diamond
bill-tier-platinum = Platinum

## Warum der Preis so ist

bill-reasons = Warum dieser Preis
bill-reason-tariff = Tarif { $tariff } der Vereinbarung { $agreement }.
bill-reason-load = Wegen der Netzlast kostete Energie { $percent } des Tarifs.
bill-reason-list = Nach dem Tarif allein hätte die Energie { $list } gekostet; Sie zahlten { $price }, vor Rabatt und Steuern.
bill-reason-corridor = Die Vereinbarung hält den Energiepreis zwischen { $floor } und { $cap } je kWh.
bill-reason-held = Ohne diese Grenze wäre der Energiepreis ein anderer gewesen.
bill-reason-discount = Als { $tier }-Kunde erhielten Sie { $percent } Rabatt auf den Nettopreis.
bill-reason-rule-used = Die eigene Regel der Vereinbarung { $rule } machte den Preis, innerhalb der vereinbarten Grenzen.
bill-reason-rule-declined = Die eigene Regel der Vereinbarung { $rule } überließ den Preis dem Tarif.
bill-reason-rule-failed = Die eigene Regel der Vereinbarung { $rule } gab keinen gültigen Preis; es galt der Tarif.
bill-reason-fixed = Sie stimmten diesen Preisen am { $at } zu, jedem für die Stunden, in denen er gilt; von da an änderten sie sich nicht.
bill-reason-estimate = Das Angebot, dem Sie zustimmten, schätzte { $low } bis { $high }.
bill-reason-said = Im unterschriebenen Angebot steht:

## Wer was erhält

bill-split = Wer was erhält
bill-split-fixed = Geteilt nach festen Teilen des Nettopreises, { $net }.
bill-split-shapley = Geteilt nach dem Shapley-Wert: vom Nettopreis { $net } erhält der besuchte Versorger zuerst seine Kosten, { $costs }; vom Überschuss { $surplus } hätten besuchter Versorger und Eigentümer des Standorts ohne Ihren Versorger { $alone } erzielt.
bill-split-nash = Geteilt nach der Nash-Verhandlung: vom Nettopreis { $net } erhält der besuchte Versorger zuerst seine Kosten, { $costs }; vom Überschuss { $surplus } hätten die drei ohne Vereinbarung { $alone } erzielt.
bill-party = Beteiligter
bill-share = Vom Nettopreis
bill-posted = Nach Rabatt, Steuern und Rundung
bill-party-home = { $name } (Ihr Versorger)
bill-party-visited = { $name } (besucht)
bill-party-owner = Eigentümer des Standorts
bill-party-tax = Steuern
bill-none = -

## Nachweis

bill-proof = Nachweis
bill-session = Ladung
bill-agreement = Vereinbarung
bill-offer = Angebot
bill-meter = Zähler
bill-meter-verified =
    { $records ->
        [one] { $records } signierte Ablesung, Zählerstand { $begin } bis { $end }. { $utility } hat ihre Signatur mit dem Schlüssel des Zählers aus dem Verzeichnis des Hauptbuchs geprüft: sie ist echt.
       *[other] { $records } signierte Ablesungen, Zählerstand { $begin } bis { $end }. { $utility } hat jede Signatur mit dem Schlüssel des Zählers aus dem Verzeichnis des Hauptbuchs geprüft: alle sind echt.
    }
bill-meter-unknown = Von der Prüfung ist nichts aufbewahrt.
bill-meter-key = Schlüssel des Zählers
bill-evidence = Zählerablesungen
bill-event = Ladevorgang
bill-ledger = Hauptbuch
bill-ledger-value = abgerechnet in Block { $height }
bill-ledger-at = abgerechnet in Block { $height } am { $at }
bill-transaction = Transaktion

## Gutschriften

bill-credit-list = Gutschriften
bill-credit-why = Grund
bill-credit-meter = Falsche Zählerablesung
bill-credit-price = Falscher Preis
bill-credit-not-the-driver = Nicht Ihre Ladung
bill-credit-service = Schlechter Dienst
bill-credit-courtesy = Kulanz
bill-credit-dispute = Streitfall entschieden

## Prüfen Sie selbst

bill-verify = Prüfen Sie selbst
bill-verify-about = Jede Ladung dieser Rechnung steht in einem Hauptbuch, das die Versorger und die Aufsicht gemeinsam führen. Sie müssen { $utility } nicht glauben; was Sie brauchen, steht hier.
bill-verify-1 = Bitten Sie { $utility } um den Nachweis einer Ladung anhand ihrer Transaktion. Er ist eine kleine Datei, erzeugt mit:
bill-verify-2 = Besorgen Sie sich die Genesis-Datei des Konsortiums mit den öffentlichen Schlüsseln seiner Gründer von jemandem, dem Sie trauen, etwa der Aufsicht.
bill-verify-3 = Prüfen Sie den Nachweis, mit Fairway oder mit dem kleinen zweiten Prüfprogramm, auf einem beliebigen Rechner:
bill-verify-4 = Vergleichen Sie: Ladung, Block, Energie und Summe müssen die dieser Rechnung sein.
bill-verify-5 = Die signierten Zählerablesungen erhalten Sie auf Anfrage. Der SHA-256 über alle in ihrer Reihenfolge steht hier als Zählerablesungen, und jedes OCMF-Werkzeug prüft ihre Signaturen mit dem Schlüssel des Zählers.

## Seiten

bill-page = Seite { $page } von { $pages }
bill-footer = { $utility }, Rechnung für { $month }, CIN { $cin }
bill-missing = Zeichen, die den Schriften dieses Dokuments fehlen, sind als { $sign } gezeichnet. Sein Text enthält sie: { $list }.
