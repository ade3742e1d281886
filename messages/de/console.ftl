console-title = Konsole
