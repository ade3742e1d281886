### Die erste Seite, Einrichtung und Anmeldung.

start-title = Fairway
start-about = Laden Sie an jeder Station der Mitglieder und erhalten Sie eine Rechnung zu Hause. Zwei Versorger vereinbaren jeden Preis, beide unterschreiben ihn, und ein Hauptbuch, das keiner Firma allein gehört, prüft ihn noch einmal, bevor es Geld bewegt.
start-console = Konsole
start-console-about = Für alle, die einen Versorger betreiben: Ladungen, Stationen, Verträge, Verrechnung.
start-my = Meine Ladungen
start-my-about = Für Fahrerinnen und Fahrer: laufende Ladung, Rechnung, jede Zeile bewiesen.
start-explorer = Hauptbuch-Explorer
start-explorer-about = Für Prüfer: Blöcke, Transaktionen in klaren Worten, Konten, die null ergeben.
start-docs = Dokumentation
start-docs-about = Einstieg, Begriffe und je eine Seite für Fahrer, Betreiber, Techniker und Prüfer. In diesem Programm, ohne Netz. Auf Englisch.
start-tour = Dies ist ein Mitglied einer Vorführung. Sechs Dinge zum Ausprobieren, quer durch alle, stehen auf der Seite, die das Programm unter Begin here gedruckt hat.
setup-title = Das erste Konto
setup-about = Sie richten { $member } ein. Dieses Konto darf alle anderen anlegen.
setup-action = Konto anlegen
setup-name-hint = Womit Sie sich anmelden, zum Beispiel ada.
setup-display-name = Ihr Name
setup-done = Die Einrichtung ist schon geschehen. Melden Sie sich an, oder bitten Sie einen Betreiber um ein Konto.
setup-no-token = Diese Adresse braucht das Geheimnis aus dem Link, den das Programm beim ersten Start ausgab. Öffnen Sie den Link, wie er dort steht.
setup-needed = Noch gibt es kein Konto: Öffnen Sie den Link, den das Programm ausgab
