"""What the tests share: servers, a hub on either engine, and people who act."""
