"""Which times can be booked, and booking, moving and cancelling them."""
