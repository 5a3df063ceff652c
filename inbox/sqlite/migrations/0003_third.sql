-- What is withheld of a sender is counted, released and deleted together.
CREATE INDEX entries_withheld ON entries (sender, disposition, seq) WHERE disposition = 5;
