kiosk-title = Charge here
