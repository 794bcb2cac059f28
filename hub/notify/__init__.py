"""What people are told about bookings: mails and calendar entries."""
