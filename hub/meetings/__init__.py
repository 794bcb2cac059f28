"""Keeping providers' meetings in step with bookings."""
