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
my-live-hint = Was Ihr Versorger zuletzt erfuhr; die Ladesäule ist einige Sekunden voraus. Beenden Sie an der Säule oder durch Ausstecken.
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
