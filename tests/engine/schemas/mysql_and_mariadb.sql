-- First what is there; then, after each empty line, a change, how it is told, and what takes it back.
ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE teams (id integer PRIMARY KEY, code integer, KEY ix_teams_code (code));
CREATE TABLE users (
    id integer NOT NULL AUTO_INCREMENT, name varchar(50) NOT NULL DEFAULT 'x', age integer DEFAULT 3,
    role enum('admin', 'member'), team_id integer, note text, made timestamp DEFAULT CURRENT_TIMESTAMP,
    short varchar(50) GENERATED ALWAYS AS (lower(name)) STORED,
    PRIMARY KEY (id), CONSTRAINT uq_users_name UNIQUE (name), CONSTRAINT ck_users_age CHECK (age > 0),
    CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE,
    KEY ix_users_age (age, note(10)));
CREATE VIEW adults AS SELECT id FROM users WHERE age > 17;
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW SET NEW.age = 5;
CREATE PROCEDURE nothing(IN n varchar(9)) SELECT n;
CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY DO DELETE FROM users;

-- table extra is left
CREATE TABLE extra (id integer AUTO_INCREMENT PRIMARY KEY, n integer UNIQUE CHECK (n > 0));
-- back
DROP TABLE extra;

-- table teams: engine is MyISAM, was InnoDB
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE teams ENGINE = MyISAM;
-- foreign key fk_users_team on users is gone
-- back
ALTER TABLE teams ENGINE = InnoDB;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;

-- table teams: collation is latin1_bin, was utf8mb4_bin
ALTER TABLE teams DEFAULT CHARACTER SET latin1 COLLATE latin1_bin;
-- back
ALTER TABLE teams DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- table users: comment is people, was empty
ALTER TABLE users COMMENT = 'people';
-- back
ALTER TABLE users COMMENT = '';

-- table teams: options is row_format=COMPRESSED, was empty
ALTER TABLE teams ROW_FORMAT = COMPRESSED;
-- back
ALTER TABLE teams ROW_FORMAT = DEFAULT;

-- table teams: options is partitioned, was empty
-- partition p0 on teams is left
-- partition p1 on teams is left
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE teams PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
-- foreign key fk_users_team on users is gone
-- back
ALTER TABLE teams REMOVE PARTITIONING;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;

-- column users.extra is left
ALTER TABLE users ADD extra integer FIRST;
-- back
ALTER TABLE users DROP extra;

-- column users.role is gone
ALTER TABLE users DROP role;
-- back
ALTER TABLE users ADD role enum('admin', 'member');

-- column users.name: type is varchar(60), was varchar(50)
ALTER TABLE users MODIFY name varchar(60) NOT NULL DEFAULT 'x';
-- back
ALTER TABLE users MODIFY name varchar(50) NOT NULL DEFAULT 'x';

-- column users.name: nullable is true, was false
-- column users.name: default is none, was 'x'
ALTER TABLE users MODIFY name varchar(50);
-- back
ALTER TABLE users MODIFY name varchar(50) NOT NULL DEFAULT 'x';

-- column users.name: collation is latin1_bin, was utf8mb4_bin
ALTER TABLE users MODIFY name varchar(50) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'x';
-- back
ALTER TABLE users MODIFY name varchar(50) NOT NULL DEFAULT 'x';

-- column users.name: comment is what they go by, was empty
ALTER TABLE users MODIFY name varchar(50) NOT NULL DEFAULT 'x' COMMENT 'what they go by';
-- back
ALTER TABLE users MODIFY name varchar(50) NOT NULL DEFAULT 'x';

-- column users.role: type is enum('admin','guest','member'), was enum('admin','member')
ALTER TABLE users MODIFY role enum('admin', 'guest', 'member');
-- back
ALTER TABLE users MODIFY role enum('admin', 'member');

-- column users.age: default is 4, was 3
ALTER TABLE users ALTER age SET DEFAULT 4;
-- back
ALTER TABLE users ALTER age SET DEFAULT 3;

-- column users.id: auto increment is false, was true
ALTER TABLE users MODIFY id integer NOT NULL;
-- back
ALTER TABLE users MODIFY id integer NOT NULL AUTO_INCREMENT;

-- column users.short: stored is false, was true
ALTER TABLE users DROP short;
ALTER TABLE users ADD short varchar(50) GENERATED ALWAYS AS (lower(name)) VIRTUAL;
-- back
ALTER TABLE users DROP short;
ALTER TABLE users ADD short varchar(50) GENERATED ALWAYS AS (lower(name)) STORED;

-- primary key on users: columns is id, name, was id
ALTER TABLE users DROP PRIMARY KEY, ADD PRIMARY KEY (id, name);
-- back
ALTER TABLE users DROP PRIMARY KEY, ADD PRIMARY KEY (id);

-- index uq_users_name on users is gone
ALTER TABLE users DROP INDEX uq_users_name;
-- back
ALTER TABLE users ADD CONSTRAINT uq_users_name UNIQUE (name);

-- index uq_users_name on users: unique is false, was true
ALTER TABLE users DROP INDEX uq_users_name;
CREATE INDEX uq_users_name ON users (name);
-- back
ALTER TABLE users DROP INDEX uq_users_name;
CREATE UNIQUE INDEX uq_users_name ON users (name);

-- index ix_users_age on users: columns is age DESC, note(20), was age, note(10)
ALTER TABLE users DROP INDEX ix_users_age;
CREATE INDEX ix_users_age ON users (age DESC, note(20));
-- back
ALTER TABLE users DROP INDEX ix_users_age;
CREATE INDEX ix_users_age ON users (age, note(10));

-- index ft_users_note on users is left
CREATE FULLTEXT INDEX ft_users_note ON users (note);
-- back
DROP INDEX ft_users_note ON users;

-- check ck_users_age on users is gone
ALTER TABLE users DROP CONSTRAINT ck_users_age;
-- back
ALTER TABLE users ADD CONSTRAINT ck_users_age CHECK (age > 0);

-- foreign key fk_users_team on users: on delete is SET NULL, was CASCADE
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE SET NULL;
-- back
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;

-- index fk_teams_user on teams is left
-- column teams.user_id is left
ALTER TABLE teams ADD user_id integer;
ALTER TABLE teams ADD CONSTRAINT fk_teams_user FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE teams DROP FOREIGN KEY fk_teams_user;
-- back
ALTER TABLE teams DROP user_id;

-- trigger touched on users: definition is SET NEW.age = 6, was SET NEW.age = 5
DROP TRIGGER touched;
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW SET NEW.age = 6;
-- back
DROP TRIGGER touched;
CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW SET NEW.age = 5;

-- view adults is gone
DROP VIEW adults;
-- back
CREATE VIEW adults AS SELECT id FROM users WHERE age > 17;

-- view adults: security is INVOKER, was DEFINER
CREATE OR REPLACE SQL SECURITY INVOKER VIEW adults AS SELECT id FROM users WHERE age > 17;
-- back
CREATE OR REPLACE SQL SECURITY DEFINER VIEW adults AS SELECT id FROM users WHERE age > 17;

-- procedure nothing: parameters is IN n varchar(10), was IN n varchar(9)
DROP PROCEDURE nothing;
CREATE PROCEDURE nothing(IN n varchar(10)) SELECT n;
-- back
DROP PROCEDURE nothing;
CREATE PROCEDURE nothing(IN n varchar(9)) SELECT n;

-- function one is left
CREATE FUNCTION one() RETURNS integer DETERMINISTIC RETURN 1;
-- back
DROP FUNCTION one;

-- event sweep: every is 2 DAY, was 1 DAY
ALTER EVENT sweep ON SCHEDULE EVERY 2 DAY;
-- back
ALTER EVENT sweep ON SCHEDULE EVERY 1 DAY;

-- database: collation is latin1_bin, was utf8mb4_bin
ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin;
-- back
ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
