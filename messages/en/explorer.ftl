explorer-title = Explorer
