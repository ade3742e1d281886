my-title = Meine Ladungen
