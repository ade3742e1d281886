start-title = Fairway
