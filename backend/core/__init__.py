"""What every room needs and that needs no room: settings, ids, time, encryption, refusals."""
