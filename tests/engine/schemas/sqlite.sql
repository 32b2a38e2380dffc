-- First what is there; then, after each empty line, a change, how it is told, and what takes it back.
CREATE TABLE teams (id INTEGER PRIMARY KEY, code INTEGER);
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE VIEW adults AS SELECT id, name AS Label FROM users WHERE age > 17;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- table extra is left
CREATE TABLE extra (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER UNIQUE CHECK (n > 0));
-- back
DROP TABLE extra;

-- column users.extra is left
ALTER TABLE users ADD extra text;
-- back
ALTER TABLE users DROP extra;

-- column users.label is left
-- column users.name is gone
-- column users.short: generated is lower(label), was lower(name)
-- check ck_users_age on users: condition is age < 200 and label <> '', was age < 200 and name <> ''
-- unique uq_users_name on users: columns is label, was name
-- index ix_users_age on users: columns is age, lower(label) DESC, was age, lower(name) DESC
-- view adults: definition is select id, label as Label from users where age > 17, was select id, name as Label from users where age > 17
ALTER TABLE users RENAME name TO label;
-- back
ALTER TABLE users RENAME label TO name;

-- index ix_users_age on users is gone
DROP INDEX ix_users_age;
-- back
create  index "ix_users_age" on [users]("age" ASC, LOWER(name) desc) where (age>1);

-- index ix_users_age on users: unique is true, was false
-- index ix_users_age on users: columns is age COLLATE NOCASE, was age, lower(name) DESC
-- index ix_users_age on users: where is none, was age > 1
DROP INDEX ix_users_age;
CREATE UNIQUE INDEX ix_users_age ON users (age COLLATE nocase);
-- back
DROP INDEX ix_users_age;
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;

-- view adults: definition is select id, name as label from users where age > 17, was select id, name as Label from users where age > 17
DROP VIEW adults;
CREATE VIEW adults AS SELECT id, name AS label FROM users WHERE age > 17;
-- back
DROP VIEW adults;
CREATE VIEW IF NOT EXISTS main.adults AS
    SELECT "id", name AS Label -- the name
    FROM users /* all */ WHERE age>17;

-- trigger touched on users: definition is after update on users begin select 1, 'a ; b' ; end, was after update on users begin select 1, 'a ; b' ; end
DROP TRIGGER touched;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ; b'; END;
-- back
DROP TRIGGER touched;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- virtual table words is left
CREATE VIRTUAL TABLE words USING fts4(body);
-- table words_content is left
-- table words_docsize is left
-- table words_segdir is left
-- table words_segments is left
-- table words_stat is left
-- back
DROP TABLE words;

-- column users.name: type is VARCHAR(60), was VARCHAR(50)
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(60) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- column users.name: nullable is true, was false
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- column users.name: default is 'y', was 'x'
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'y' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- column users.name: collation is BINARY, was NOCASE
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x', age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- column users.price: default is 1 + 2, was 1 + 1
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1+2), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- column users.short: stored is true, was false
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) STORED,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- column users.short: generated is upper(name), was lower(name)
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- check (age > 0) on users is gone
-- check (age >= 0) on users is left
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age >= 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- check ck_users_age on users: condition is age < 300 and name <> '', was age < 200 and name <> ''
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 300 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- primary key on users: name is none, was pk_users
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- primary key on users: columns is id, name, was id
-- foreign key (boss) to users on users: target is id, name, was id
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id, name), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- primary key on users: autoincrement is true, was false
-- primary key on users: name is none, was pk_users
DROP TABLE users;
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- unique (age, price) on users is gone
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- unique uq_users_name on users: on conflict is IGNORE, was none
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name) ON CONFLICT IGNORE,
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- foreign key fk_users_team on users: on delete is SET NULL, was CASCADE
-- foreign key fk_users_team on users: initially deferred is true, was false
-- foreign key fk_users_team on users: deferrable is true, was false
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- foreign key (boss) to users on users is gone
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- foreign key (boss) to users on users: target is name, was id
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users(name),
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;

-- table users: rowid is false, was true
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
-- back
DROP TABLE users;
CREATE TABLE users (
    id INTEGER NOT NULL, name VARCHAR(50) NOT NULL DEFAULT 'x' COLLATE NOCASE, age INTEGER CHECK (age > 0),
    price NUMERIC(10, 2) DEFAULT (1 + 1), team_id INTEGER, boss INTEGER REFERENCES users,
    short TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL,
    CONSTRAINT pk_users PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name),
    CONSTRAINT ck_users_age CHECK (age < 200 AND name <> ''), UNIQUE (age, price),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE);
CREATE INDEX ix_users_age ON users (age, lower(name) DESC) WHERE age > 1;
CREATE TRIGGER touched AFTER UPDATE ON users BEGIN SELECT 1, 'a ;  b'; END;
