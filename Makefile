# Every verb works on the database that DB names. What takes more than a line is in scripts/.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

BACKENDS := sqlite postgres mysql mariadb
SERVERS := postgres mysql mariadb
DB ?= sqlite
n ?= 1000

# Chosen when a verb runs, so that `make` and `make lint` do not mind what DB is.
BENCH = $(if $(filter 1,$(words $(DB))),$(if $(filter sqlite,$(DB)),scripts/sqlite.sh,$(if $(filter $(SERVERS),$(DB)),scripts/compose.sh,$(unknown_db))),$(unknown_db))
unknown_db = $(error DB is '$(DB)': choose one of $(BACKENDS))
FLASK = DB=$(DB) $(BENCH) flask
# The servers need nothing of Python on this machine: their verbs run in the image.
VENV = $(if $(filter sqlite,$(DB)),.venv/.runs)

##@ Start and stop (DB=sqlite is the default; also DB=postgres, mysql, mariadb)

.PHONY: up
up: $(VENV) ## Build, upgrade and serve at http://127.0.0.1:8000 (PORT=8001 for another)
	@DB=$(DB) $(BENCH) up

.PHONY: down
down: ## Stop; the data stays
	@DB=$(DB) $(BENCH) down

.PHONY: destroy
destroy: ## Stop and delete the data; asks first (FORCE=1 does not)
	@DB=$(DB) $(BENCH) destroy

.PHONY: restart
restart: $(VENV) ## Stop and start again
	@DB=$(DB) $(BENCH) restart

.PHONY: ps
ps: ## What runs
	@DB=$(DB) $(BENCH) ps

.PHONY: logs
logs: ## Follow the log (Ctrl-C ends it)
	@DB=$(DB) $(BENCH) logs

.PHONY: shell
shell: $(VENV) ## A Python shell with the app
	@DB=$(DB) $(BENCH) shell

.PHONY: db-shell
db-shell: ## The database's own shell
	@DB=$(DB) $(BENCH) db-shell

##@ Migrations, on this checkout's models and tree (rev=REVISION where one is taken)

# As they were typed and by way of the environment, so that no character means anything to make or to the shell.
unexport m rev n
migrate: export MESSAGE = $(value m)
upgrade downgrade stamp sql: export REVISION = $(value rev)
seed: export COUNT = $(value n)
REV = -- $${REVISION:+"$$REVISION"}

.PHONY: migrate
migrate: $(VENV) ## Write a revision for what the models have changed: m="add phone"
	@$(if $(m),,$(error A revision needs a message: make migrate m="add phone"))$(FLASK) db migrate -m "$$MESSAGE"

.PHONY: upgrade
upgrade: $(VENV) ## Up to rev (default: head)
	@$(FLASK) db upgrade $(REV)

.PHONY: downgrade
downgrade: $(VENV) ## Down to rev (default: one step)
	@$(FLASK) db downgrade $(REV)

.PHONY: current
current: $(VENV) ## The revision that the database is at
	@$(FLASK) db current

.PHONY: heads
heads: $(VENV) ## The newest revision of the tree
	@$(FLASK) db heads

.PHONY: history
history: $(VENV) ## All revisions, newest first
	@$(FLASK) db history --indicate-current

.PHONY: stamp
stamp: $(VENV) ## Set the database's revision to rev without running anything
	@$(if $(rev),,$(error Say which revision the database is at: make stamp rev=head))$(FLASK) db stamp $(REV)

.PHONY: check
check: $(VENV) ## Fail if the models and the database differ
	@$(FLASK) db check

.PHONY: sql
sql: $(VENV) ## The SQL of the tree for this database, without running it (rev=FROM:TO)
	@$(FLASK) db upgrade --sql $(REV)

.PHONY: seed
seed: $(VENV) ## Add n sample rows: n=1000
	@$(FLASK) seed --count "$$COUNT"

##@ Tests (T=PATH chooses some; JUNIT=FILE writes a report)

# -n 4: one worker per server and one beside them, whatever the number of cores; they wait for the servers most of the time.
PYTEST = env -u DB -u DATABASE_URL .venv/bin/pytest $(if $(JUNIT),--junitxml=$(JUNIT))
REQUIRED = $(if $(findstring command line,$(origin DB)),$(DB),$(BACKENDS))

.PHONY: test
test: .venv/.tests ## Everything that this machine can run
	@$(PYTEST) -n 4 -m "not compose" $(or $(T),tests)

.PHONY: test-matrix
test-matrix: .venv/.tests ## Every database, none left out (DB="mysql postgres" for some)
	@LAB_ON="$(REQUIRED)" LAB_REQUIRE="$(REQUIRED)" $(PYTEST) -n 4 $(or $(T),tests/matrix tests/app)

.PHONY: test-compose
test-compose: .venv/.tests ## The whole stack in containers
	@$(PYTEST) -n 3 -m compose $(or $(T),tests/compose)

.PHONY: test-oldest
test-oldest: ## The lab on the oldest releases that it allows, in .venv-oldest
	@scripts/oldest.sh $(or $(T),tests/engine tests/unit/test_tree.py)

.PHONY: test-browser
test-browser: .venv/.tests ## The pages in a real Chromium
	@$(PYTEST) -m browser $(or $(T),tests/browser)

##@ The lab

ON = $(if $(findstring command line,$(origin DB)),--on "$(DB)")

.PHONY: lab
lab: .venv/.tests ## Try every revision of this tree on every database within reach, or DB="mysql postgres"
	@env -u DB -u DATABASE_URL .venv/bin/python -m flask_lab --app app run $(ON) $(LAB)

# N: the sizes of the trees; BENCH_OPTIONS: see `python -m tests.cost --help`.
N ?= 100,1000

.PHONY: bench
bench: .venv-cost/.done ## What the lab costs beside raw SQL, pytest-alembic and pytest-mrt: N=100,1000, DB="sqlite postgres"
	@env -u DATABASE_URL .venv-cost/bin/python -m tests.cost --on "$(DB)" --revisions "$(N)" $(BENCH_OPTIONS)

##@ Code

CODE := $(wildcard app flask_lab migrations tests docker docs/*.py)

.PHONY: lint
lint: .venv/.tests ## Check style and shell scripts
	@.venv/bin/ruff check $(CODE) && .venv/bin/ruff format --check $(CODE)
	@.venv/bin/shellcheck -x scripts/*.sh docker/*.sh

.PHONY: format
format: .venv/.tests ## Put the code in the house's format
	@.venv/bin/ruff check --fix --quiet $(CODE); .venv/bin/ruff format $(CODE)

.PHONY: types
types: .venv/.tests ## Check types
	@.venv/bin/mypy

.PHONY: pins
pins: .venv/.tests ## Compile pyproject.toml into requirements*.txt (UPGRADE=1 for the newest)
	@scripts/pins.sh

.PHONY: clean
clean: ## Delete caches and reports; data, passwords, runs and .venv stay
	@rm -rf .pytest_cache .mypy_cache .ruff_cache reports build dist *.egg-info
	@find app flask_lab migrations tests docker -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

##@ Help

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Which pins .venv holds; inside it, so that deleting it is enough to start anew.
.venv/.runs: requirements.txt
	@PYTHON=$(PYTHON) scripts/venv.sh $< && touch $@

.venv/.tests: requirements-dev.txt
	@PYTHON=$(PYTHON) scripts/venv.sh $< && touch $@ .venv/.runs

.venv-cost/.done: requirements-cost.txt
	@PYTHON=$(PYTHON) scripts/venv.sh $< .venv-cost && touch $@
