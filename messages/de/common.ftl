### Wörter, die alle Seiten gemeinsam haben.

fairway = Fairway
again = Nochmals versuchen
reload = Neu laden
close = Schließen
loading = Wird geladen
sending = Wird gesendet
yes = Ja
no = Nein
none = keine
demo-ribbon = DEMO
demo-explained = Vorführdaten. Die Firmen sind echte Namen und haben nichts damit zu tun.

language = Sprache
theme = Aussehen
theme-auto = Wie das Gerät
theme-light = Hell
theme-dark = Dunkel
docs = Doku
skip = Zum Inhalt
looks = Sprache und Aussehen
menu = Menü

amount-open = Zeigen, woraus sich der Betrag zusammensetzt
id-copy = { $id } kopieren
id-copied = Kopiert

table-all = alle
table-count = { $more ->
    [yes] { $count } gezeigt, weitere folgen
   *[no] { $count } gezeigt
 }
table-filters = Filtern: { $table }
table-save = Speichern
table-save-as = Als { $format } speichern
table-save-failed = Die Datei ({ $format }) kam nicht zustande: ein Teil des Programms kam nicht an. Laden Sie die Seite neu, wenn die Verbindung wieder steht.
table-save-part = Nicht alle: Die ersten { $count } stehen in der Datei. Enger filtern für die übrigen.
currency = Währung

problem-trace = Kennung:
problem-unreachable = Der Server ist nicht erreichbar
problem-unreachable-hint = Prüfen Sie das Netz. Was Sie eingegeben haben, ist noch da; versuchen Sie es nochmals, wenn die Verbindung wieder steht.
problem-late = Der Server hat nicht rechtzeitig geantwortet
problem-late-hint = Vielleicht arbeitet er noch daran. Nochmals versuchen ist unbedenklich: Nichts geschieht zweimal.
problem-drawing = Dieser Teil der Seite kann nicht gezeigt werden
problem-drawing-hint = Das ist ein Fehler des Programms, nicht Ihrer, und es wurde nichts geändert. Versuchen Sie es nochmals; bleibt es so, nennen Sie dem Betreiber, was oben steht.
problem-status-400 = Die Anfrage ist nicht lesbar
problem-status-403 = Ihr Konto darf das nicht
problem-status-404 = Hier ist nichts
problem-status-409 = Das passt nicht zu dem, was da ist
problem-status-412 = Jemand hat es inzwischen geändert
problem-status-413 = Das ist zu groß
problem-status-422 = So geht es nicht
problem-status-429 = Zu viele Anfragen in kurzer Zeit
problem-status-500 = Das Programm hat versagt
problem-status-503 = Der Dienst startet oder ist überlastet
problem-status-403-hint = Bitten Sie den Betreiber um ein Konto mit der Rolle.
problem-status-404-hint = Vielleicht wurde es entfernt, oder die Adresse hat einen Tippfehler.
problem-status-412-hint = Laden Sie es neu, sehen Sie die Änderung an und wiederholen Sie Ihre.
problem-status-429-hint = Warten Sie einen Moment.
problem-status-500-hint = Das ist ein Fehler des Programms, nicht Ihrer. Die Kennung hilft, ihn zu finden.
problem-status-503-hint = Versuchen Sie es gleich nochmals.

live-lost = Die Verbindung zum Server ist unterbrochen. Was Sie sehen, ist { $age } alt.
live-back = Die Verbindung steht wieder; alles ist aktuell.
live-retry = Jetzt versuchen

sign-in = Anmelden
sign-in-title = Anmelden
sign-in-name = Name
sign-in-password = Passwort
sign-in-demo = Vorführung: Wählen Sie ein Konto und melden Sie sich an.
sign-in-expired = Ihre Anmeldung ist abgelaufen
sign-in-expired-hint = Melden Sie sich wieder an, um fortzufahren. Nichts Eingegebenes geht verloren.
sign-out = Abmelden
password-hint = Mindestens 12 Zeichen. Einige Wörter sind gut.
problem-credentials = Name oder Passwort ist falsch
problem-credentials-hint = Prüfen Sie beides. Nach fünf Fehlversuchen wartet jeder weitere länger.
problem-locked = Zu viele Fehlversuche
problem-not-signed-in = Sie sind nicht angemeldet
problem-not-found = Hier ist nichts
problem-role = Ihr Konto darf das nicht
problem-fields = Etwas im Formular stimmt nicht
problem-duplicate = Das gibt es schon
problem-password = Dieses Passwort taugt nicht
problem-proof = Das ist kein Beweis einer Transaktion
problem-query = Ein Filter oder die Adresse ist nicht lesbar
problem-too-far = Das dauert hier zu lange

keys-title = Tasten
keys-search = Suchen
keys-help = Diese Tasten

nothing-here = Seite nicht gefunden
nothing-here-hint = Die Adresse führt nirgendwohin. Sie ist alt oder hat einen Tippfehler.
arrow-to = an
more = Mehr
show = Zeigen
search = Suchen

signature = Unterschrift
signature-good = Unterschrift geprüft
signature-bad = Unterschrift ist falsch
signature-unknown = hier nicht geprüft
breakdown = Woraus der Preis besteht
amount = Betrag
total = Summe
energy = Energie
time = Zeit
state = Zustand
session = Ladung
station = Station
block = Block
transaction = Transaktion
agreement = Vertrag
valid-from = Gültig ab
valid-until = Gültig bis
version = Fassung
agreement-proposed = vorgeschlagen
agreement-countered = mit Gegenvorschlag
agreement-in-force = in Kraft
agreement-later = beginnt später
agreement-replaced = ersetzt
agreement-suspended = ausgesetzt
agreement-ended = beendet
agreement-withdrawn = zurückgezogen
agreement-lapsed = verfallen
agreement-broken = gebrochen
agreement-steps = Wer wann unterschrieb und was tat
agreement-steps-none = Noch nicht aus dem Ledger gelesen, oder älter als die Blöcke, die dieses Mitglied aufbewahrt.
agreement-step-proposed = vorgeschlagen und unterschrieben
agreement-step-countersigned = gegengezeichnet
agreement-step-countered = mit anderen Bedingungen beantwortet
agreement-step-suspended = ausgesetzt
agreement-step-resumed = Aussetzung aufgehoben
agreement-step-terminated = beendet
agreement-step-broken = wegen Vertragsbruchs beendet
account = Konto
balance = Saldo

verify-check = Jetzt prüfen
verify-proof = Beweisdatei
verify-keys = Öffentliche Schlüssel der Validatoren
verify-yes = Bewiesen: Block { $height } enthält es, unter den Unterschriften von { $signers } Validatoren
verify-no = Nicht bewiesen
verify-self = Wer niemandem trauen will, nimmt beide Dateien und prüft selbst, ohne diesen Server:
verify-program = Das Programm nach cargo demo: target/debug/fairway im Ordner des Klons; schreiben Sie das anstelle von fairway.
