"""What the test suite of a provider's author imports: the contract that every provider keeps, and a vendor to run it against."""
