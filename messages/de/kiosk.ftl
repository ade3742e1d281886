kiosk-title = Hier laden
