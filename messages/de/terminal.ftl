# Eine Ladesäule auf einem Terminal.

terminal-help = card NUMMER | dial NUMMER | pin ZIFFERN | yes | no | plug [PROZENT] | stop | unplug | quit
terminal-not-understood = { $line } ist nicht verständlich
terminal-offline = Keine Verbindung. Bitte warten Sie, oder fahren Sie zur nächsten Ladesäule.
terminal-prompt = Halten Sie Ihre Karte vor, oder wählen Sie Ihre Nummer.
terminal-typing = Ihre Nummer: { $digits } Ziffern
terminal-pin = Ihre PIN: { $digits } Ziffern
terminal-checking = Wird geprüft ...
terminal-offer = { $home } bei { $visited }: { $price } je kWh vor Steuern; etwa { $expected } für { $energy } ({ $low } bis { $high })
terminal-local = Hier freigegeben, von Ihrem letzten Besuch.
terminal-remote = Von Ihrem Versorger freigegeben.
terminal-start = Beginnen? yes / no
terminal-preparing = Danke. Wird begonnen ...
terminal-plug-in = Bitte schließen Sie das Kabel an.
terminal-charging = Lädt: { $energy }, { $power } kW
terminal-battery = Batterie { $percent } %
terminal-faulted = Außer Betrieb: { $text }
terminal-faulted-code = Außer Betrieb: { $text } ({ $code })
