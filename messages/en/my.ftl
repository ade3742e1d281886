my-title = My charging
