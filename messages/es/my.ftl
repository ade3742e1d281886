my-title = Mis cargas
