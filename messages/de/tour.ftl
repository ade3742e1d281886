### Wo die Vorführung beginnt: sechs Dinge zum Ausprobieren.

tour-title = Sechs Dinge zum Ausprobieren
tour-about = Jedes dauert unter einer Minute und öffnet sich in einem eigenen Tab, bei dem Mitglied, wo es geschieht. Die Anmeldung ist ausgefüllt; drücken Sie Anmelden.
tour-clock = Sie hat ihre eigene Uhr: Eine Stunde vergeht in einer Minute, und sie begann am 16. November 2026.
tour-lost = Die Vorführung antwortet nicht; die Seite versucht es wieder.
tour-count = { $count } von { $all } erledigt
tour-done = erledigt
tour-charge = Laden Sie als { $driver } an einer Station von { $visited }
tour-charge-how = Tippen Sie am Bildschirm ihre Nummer und #: { $home } steht für sie ein, der Preis steht vor der Zusage, die Rechnung kommt daheim. Kabel und Auto stehen unten, unter „Vorführung: Karte und Auto“.
tour-cin = Nummer von { $driver }:
tour-charge-do = { $driver } machen lassen
tour-story = Lesen Sie die ganze Geschichte dieser Ladung
tour-story-how = Wählen Sie die neueste Ladung bei { $visited }: wer wen fragte, das Angebot mit beiden Unterschriften, jede Zählermeldung, der Preis, von beiden und vom Hauptbuch berechnet, und wer was bekommt.
tour-bill = Beweisen Sie eine Zeile von { $driver }s Rechnung
tour-bill-how = Öffnen Sie bei { $home } den Monat, dann eine Zeile: Jeder Betrag zeigt, woraus er besteht, und Jetzt prüfen holt die Unterschriften der Validatoren.
tour-terms = Ändern Sie einen Preis und sehen Sie, was er bedeutet hätte
tour-terms-how = Sie sind Roaming-Verantwortlicher von { $visited }. Tippen Sie einen anderen Preis je kWh: Der Vertragstext folgt, und Was hätte das bedeutet? berechnet die Ladungen des letzten Monats neu.
tour-audit = Sehen Sie, dass alle Konten zusammen null ergeben
tour-audit-how = Sie sind Prüfer der { $witness }: jedes Konto des Hauptbuchs mit seinem Stand, und wer wem schuldet, ohne den Namen eines Fahrers.
tour-break = Töten Sie einen Validator, während jemand lädt
tour-break-how = Töten Sie { $witness }: Drei von vier Knoten machen weiter, Ladungen werden abgerechnet, und die Prüfung oben sagt weiter, dass die Bücher stimmen.
tour-members = Die Seiten aller Mitglieder
tour-password = Alle Konten der Vorführung haben dasselbe Passwort; jede Anmeldeseite füllt es aus.
