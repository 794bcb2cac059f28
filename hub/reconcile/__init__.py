"""Compares bookings with the meetings that vendors have, and sets right what is safe: after a backup was restored."""
