explorer-title = Explorador
