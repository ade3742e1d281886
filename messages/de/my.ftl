### Die Seiten der Fahrerin und des Fahrers.

my-title = Meine Ladungen
my-home = Start
my-sessions = Ladungen
my-bills = Rechnungen
my-disputes = Einsprüche
my-not-driver = Dieses Konto hat keine eigenen Ladungen
my-not-driver-hint = Diese Seiten sind für Fahrerinnen und Fahrer. Betreiber arbeiten in der Konsole; um Fahrerseiten zu sehen, melden Sie sich als Fahrer an.
my-console = Zur Konsole
my-hello = Guten Tag,
my-live = Lädt gerade
my-live-hint = Was Ihr Versorger zuletzt erfuhr; die Ladesäule ist einige Sekunden voraus.
my-no-live = Es läuft keine Ladung
my-no-live-hint = Geben Sie Ihre Nummer an einer Station des Netzes ein oder zeigen Sie Ihre Karte. Die Ladung erscheint dann hier.
my-month = { $month } bisher
my-month-note = { $lines ->
    [one] eine Ladung
   *[other] { $lines } Ladungen
 }{ $pending ->
    [0] {""}
   *[other] , { $pending } folgen noch
 }
my-owed = Offen
my-number = Ihre Ladenummer (CIN)
my-number-hint = Auf dem Tastenfeld jeder Station einzugeben, auch bei anderen Versorgern.
my-month-pick = Monat
my-no-sessions = Keine Ladungen
my-no-sessions-hint = Wählen Sie einen anderen Monat, oder laden Sie Ihr Auto.
my-no-bills = Noch keine Rechnungen
my-no-bills-hint = Die erste Rechnung erscheint mit Ihrer ersten Ladung.
my-no-disputes = Sie haben keiner Ladung widersprochen.
my-answer = Antwort:
my-object = Einer Ladung widersprechen
my-object-about = Ihr Versorger prüft es, fragt den anderen und schreibt gut, was falsch war. Jeden Schritt sehen Sie hier.
my-object-which = Welche Ladung
my-object-why = Was nicht stimmt
my-object-text = Was geschehen ist
my-object-text-hint = In eigenen Worten, höchstens 2000 Zeichen.
my-object-claimed = Was richtig wäre
my-object-claimed-hint = Die richtige Summe; leer lassen, wenn unbekannt.
my-object-claimed-wrong = Das ist kein Betrag: mit Ziffern und Komma oder Punkt schreiben, zum Beispiel 4,50
my-object-send = Absenden
my-object-free = Der Ladevorgang, von dem Sie kommen, hat nichts gekostet; wählen Sie einen anderen.
my-stop = Ladung beenden
my-stop-sure = Diese Ladung beenden?
my-stop-about = { $network } lässt die Ladesäule anhalten. Sie zahlen, was bis dahin geladen wurde.
my-stop-not = Weiter laden
my-stop-key = Die Stopptaste an der Säule, Ihre Karte und das Ausstecken wirken jederzeit.
my-stopping = soll enden
my-stop-asked = Sie wollen beenden. { $network } hat noch nicht geantwortet und wird weiter gefragt.
my-stop-told = Sie wollen beenden. { $network } hat es der Säule gesagt; das Ende folgt.
my-stop-waits = Sie wollen beenden. Die Säule hat gerade keine Verbindung zu { $network } und erfährt es, sobald sie wieder da ist.
my-stop-refused = { $network } hat nicht beendet:
my-stop-why-out-of-order = In diesem Augenblick floss keine Energie.
my-stop-why-session-unknown = Diese Ladung ist dort nicht bekannt.
my-cards = Karten und Schlüssel
my-cards-lost = Karte verloren? Hier einfrieren.
my-cards-mine = Womit Sie laden
my-card = Karte, Schlüssel oder Vertrag
my-card-ends = endet auf { $end }
my-open = darf laden
my-blocked = vom Versorger gesperrt
my-blocked-hint = Ihr Versorger hat Ihre Karten und Nummern gesperrt. Nur er kann das aufheben: rufen Sie ihn an.
my-frozen = von Ihnen eingefroren
my-frozen-since = Sie haben Ihre Karten und Nummern eingefroren am
my-frozen-hint = Keine davon beginnt eine Ladung, bis Sie sie wieder freigeben.
my-freeze-title = Sofort einfrieren
my-freeze = Jetzt einfrieren
my-freeze-sure = Alle Karten und Nummern einfrieren?
my-freeze-about = Von da an beginnt keine Karte, kein Schlüssel und keine Nummer von Ihnen eine Ladung, weder zu Hause noch anderswo. Nur Sie können sie wieder freigeben, hier, jederzeit.
my-freeze-running = Eine laufende Ladung geht weiter und wird berechnet. Beenden Sie sie auf der ersten Seite oder an der Säule. Ein Netz, das nicht erreichbar ist, erfährt vom Einfrieren, sobald es wieder da ist; „Wer Sie kennt“ zeigt, welches.
my-freeze-not = So lassen
my-unfreeze = Wieder freigeben
my-profiles = Wer Sie kennt
my-profiles-about = Netze, in denen Sie geladen haben, dürfen ein Besuchsprofil behalten, damit Sie wieder laden können, ohne dass Ihr Versorger gefragt wird. Darin stehen Stufe und Bedingungen, weder Name noch Anschrift.
my-profile-until = bis
my-profile-leaving = zurückgenommen, noch nicht bestätigt; längstens bis
my-no-profiles = Kein anderes Netz hat ein Profil von Ihnen.
