### Der Explorer des Hauptbuchs.

explorer-title = Hauptbuch-Explorer
explorer-blocks = Blöcke
explorer-accounts = Konten
explorer-check = Beweis prüfen
explorer-agreements = Verträge
explorer-console = Konsole
explorer-my = Meine Ladungen
explorer-search = Höhe, Hash, Ladung oder Vertrag
explorer-not-found = Nichts heißt so. Kennungen müssen vollständig sein.
explorer-newer = { $count ->
    [one] Einen neueren Block zeigen
   *[other] { $count } neuere Blöcke zeigen
 }
explorer-transactions = Transaktionen
explorer-proposer = Vorgeschlagen von
explorer-digest = Prüfsumme
explorer-parent = Block davor
explorer-root = Zustand danach
explorer-no-blocks = Keine Blöcke
explorer-no-blocks-hint = Das Hauptbuch hat eben erst begonnen. Die erste Transaktion macht den ersten Block.
explorer-empty-block = Ein leerer Block
explorer-empty-block-hint = Er führt die Zeit weiter und enthält keine Transaktion.
explorer-books-then = Die Konten nach diesem Block
explorer-where = Wo sie steht
explorer-by = Von
explorer-kind = Art
explorer-signed = Unterschrieben von
explorer-signers = { $signers } von { $validators } Validatoren, Block { $height }
explorer-postings = Buchungen
explorer-zero = Die Buchungen ergeben null
explorer-not-zero = Die Buchungen ergeben nicht null
explorer-items = Was sie enthält
explorer-proof = Beweis
explorer-fields = Alle Felder
explorer-bytes = Bytes, wie sie unterschrieben wurden
explorer-receipt = Quittung
explorer-at-height = Nach Block
explorer-after = Die Bücher nach Block
explorer-incomplete = auf dieser Höhe sind nicht alle Konten bekannt
explorer-sum-zero = Alle Konten zusammen ergeben null: Geld wurde bewegt, keines gemacht
explorer-sum-not-zero = Die Konten ergeben nicht null. Sagen Sie es jedem Mitglied.
explorer-no-accounts = Noch hat sich kein Konto bewegt
explorer-no-accounts-hint = Die erste abgerechnete Ladung macht die ersten Buchungen.
explorer-positions = Zwischen Mitgliedern offen, noch nicht verrechnet
outcome-tx-applied = ausgeführt
outcome-tx-refused = abgelehnt
account-kind-member = Mitglied
account-kind-tax = Steuern
account-kind-owner = Eigentümer
account-kind-token = Token
account-kind-issued = ausgegebene Token
account-kind-redeeming = in Einlösung
account-kind-collateral = Sicherheit
check-about = Wählen Sie eine Beweisdatei. Sie wird mit den öffentlichen Schlüsseln der Validatoren dieses Verbunds geprüft.
check-choose = Beweisdatei (.cbor)
check-too-large = Diese Datei ist zu groß für einen Beweis
