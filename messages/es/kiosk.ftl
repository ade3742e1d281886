kiosk-title = Cargue aquí
