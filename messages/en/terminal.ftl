# A charging station on a terminal.

terminal-help = card NUMBER | dial NUMBER | pin DIGITS | yes | no | plug [PERCENT] | stop | unplug | quit
terminal-not-understood = { $line } is not understood
terminal-offline = No connection. Please wait, or go to the next station.
terminal-prompt = Present your card, or dial your number.
terminal-typing = Your number: { $digits } digits
terminal-pin = Your PIN: { $digits } digits
terminal-checking = Checking ...
terminal-offer = { $home } at { $visited }: { $price } per kWh before tax; about { $expected } for { $energy } ({ $low } to { $high })
terminal-local = Authorized here, from your last visit.
terminal-remote = Authorized by your home utility.
terminal-start = Start? yes / no
terminal-preparing = Thank you. Starting ...
terminal-plug-in = Please plug in.
terminal-charging = Charging: { $energy }, { $power } kW
terminal-battery = battery { $percent } %
terminal-faulted = Out of service: { $text }
terminal-faulted-code = Out of service: { $text } ({ $code })
