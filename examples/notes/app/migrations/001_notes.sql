create table notes (
    id serial primary key,
    text text not null check (length(text) between 1 and 500),
    author text not null,
    written timestamptz not null default now()
);
