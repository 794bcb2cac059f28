"""The doctor: looks at the set-up part by part, and says of each in a sentence how it stands and how to mend it."""
