create index notes_newest on notes (written desc);
