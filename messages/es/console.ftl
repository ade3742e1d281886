console-title = Consola
