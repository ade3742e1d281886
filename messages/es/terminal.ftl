# Una estación de recarga en un terminal.

terminal-help = card NÚMERO | dial NÚMERO | pin CIFRAS | yes | no | plug [PORCENTAJE] | stop | unplug | quit
terminal-not-understood = { $line } no se entiende
terminal-offline = Sin conexión. Espere, por favor, o vaya a la estación más cercana.
terminal-prompt = Presente su tarjeta o marque su número.
terminal-typing = Su número: { $digits } cifras
terminal-pin = Su PIN: { $digits } cifras
terminal-checking = Comprobando ...
terminal-offer = { $home } en { $visited }: { $price } por kWh antes de impuestos; unos { $expected } por { $energy } (de { $low } a { $high })
terminal-local = Autorizado aquí, por su última visita.
terminal-remote = Autorizado por su compañía.
terminal-start = ¿Empezar? yes / no
terminal-preparing = Gracias. Empezando ...
terminal-plug-in = Conecte el cable, por favor.
terminal-charging = Recargando: { $energy }, { $power } kW
terminal-battery = batería { $percent } %
terminal-faulted = Fuera de servicio: { $text }
terminal-faulted-code = Fuera de servicio: { $text } ({ $code })
