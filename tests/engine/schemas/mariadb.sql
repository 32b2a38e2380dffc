-- Beside what both have.
CREATE SEQUENCE ticket;

-- index ix_users_age on users: hidden is true, was false
ALTER TABLE users ALTER INDEX ix_users_age IGNORED;
-- back
ALTER TABLE users ALTER INDEX ix_users_age NOT IGNORED;

-- check ck_users_age on users: condition is `age` > 1, was `age` > 0
ALTER TABLE users DROP CONSTRAINT ck_users_age;
ALTER TABLE users ADD CONSTRAINT ck_users_age CHECK (age > 1);
-- back
ALTER TABLE users DROP CONSTRAINT ck_users_age;
ALTER TABLE users ADD CONSTRAINT ck_users_age CHECK (age > 0);

-- view adults: definition is select `users`.`id` AS `id` from `users` where `users`.`age` > 20, was select `users`.`id` AS `id` from `users` where `users`.`age` > 17
CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age > 20;
-- back
CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age > 17;

-- column users.made: on update is current_timestamp(), was none
ALTER TABLE users MODIFY made timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP;
-- back
ALTER TABLE users MODIFY made timestamp NULL DEFAULT CURRENT_TIMESTAMP;

-- sequence extra is left
CREATE SEQUENCE extra;
-- back
DROP SEQUENCE extra;

-- sequence ticket: definition is …3372036854775806 increment by 2 cache 1000 nocycle ENGINE=InnoDB, was …3372036854775806 increment by 1 cache 1000 nocycle ENGINE=InnoDB
ALTER SEQUENCE ticket INCREMENT BY 2;
-- back
ALTER SEQUENCE ticket INCREMENT BY 1;

-- system versioned teams is left
-- table teams is gone
ALTER TABLE teams ADD SYSTEM VERSIONING;
-- back
ALTER TABLE teams DROP SYSTEM VERSIONING;

-- foreign key fk_users_team on users: on update is CASCADE, was RESTRICT
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON UPDATE CASCADE ON DELETE CASCADE;
-- back
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;
