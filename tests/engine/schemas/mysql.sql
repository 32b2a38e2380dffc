-- Beside what both have.

-- index ix_users_lower on users is left
CREATE INDEX ix_users_lower ON users ((lower(name)));
-- back
DROP INDEX ix_users_lower ON users;

-- index ix_users_age on users: hidden is true, was false
ALTER TABLE users ALTER INDEX ix_users_age INVISIBLE;
-- back
ALTER TABLE users ALTER INDEX ix_users_age VISIBLE;

-- column users.age: invisible is true, was false
ALTER TABLE users ALTER age SET INVISIBLE;
-- back
ALTER TABLE users ALTER age SET VISIBLE;

-- check ck_users_age on users: condition is (`age` > 1), was (`age` > 0)
-- check ck_users_age on users: enforced is false, was true
ALTER TABLE users DROP CONSTRAINT ck_users_age;
ALTER TABLE users ADD CONSTRAINT ck_users_age CHECK (age > 1) NOT ENFORCED;
-- back
ALTER TABLE users DROP CONSTRAINT ck_users_age;
ALTER TABLE users ADD CONSTRAINT ck_users_age CHECK (age > 0);

-- view adults: definition is select `users`.`id` AS `id` from `users` where (`users`.`age` > 20), was select `users`.`id` AS `id` from `users` where (`users`.`age` > 17)
CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age > 20;
-- back
CREATE OR REPLACE VIEW adults AS SELECT id FROM users WHERE age > 17;

-- column users.made: default is (now() + interval 1 day), was CURRENT_TIMESTAMP
ALTER TABLE users MODIFY made timestamp DEFAULT (now() + interval 1 day);
-- back
ALTER TABLE users MODIFY made timestamp DEFAULT CURRENT_TIMESTAMP;

-- column users.made: on update is current_timestamp, was none
ALTER TABLE users MODIFY made timestamp DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP;
-- back
ALTER TABLE users MODIFY made timestamp DEFAULT CURRENT_TIMESTAMP;

-- foreign key fk_users_team on users: on update is CASCADE, was NO ACTION
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON UPDATE CASCADE ON DELETE CASCADE;
-- back
ALTER TABLE users DROP FOREIGN KEY fk_users_team;
ALTER TABLE users ADD CONSTRAINT fk_users_team FOREIGN KEY (team_id) REFERENCES teams (id) ON DELETE CASCADE;
