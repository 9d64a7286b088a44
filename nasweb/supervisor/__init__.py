"""`manage.py up`: embedded servers, web, workers and beat under one process."""
