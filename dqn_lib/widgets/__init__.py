"""What a student moves: Python holds the data and hears the hands, the browser draws (`static`)."""
