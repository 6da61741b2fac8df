# What can be done here. Settings are given in front: TERRA_PORT=8080 make up
PYTHON ?= python3
DEPLOY := $(PYTHON) -m terraspawner.deploy
BIN := .venv/bin
# what each has to do, with a deployment of its own: `tests/workers.py`
WORKERS := -n 3 --dist loadfile
# more words: make test ARGS="-k pause -x", make accounts ARGS="add eva"
ARGS ?=
export PYTHONDONTWRITEBYTECODE ?= 1

.DEFAULT_GOAL := help
.PHONY: help up move dev push down logs status accounts disks culler clean test test-fast test-full lint bench dev-venv

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: ## set everything up and start it; quick when it is there already
	@$(DEPLOY) up

dev: ## run hub, workspaces and culler from .venv, started anew at each change
	@$(DEPLOY) dev

move: ## take all buckets into an object store: TERRA_BUCKETS=s3://bucket/prefix TERRA_BUCKETS_CREDENTIALS_FILE=... make move
	@$(DEPLOY) move

push: ## put the images into the registry that TERRA_REGISTRY names, for the other machines' make up
	@$(DEPLOY) push

down: ## stop everything, keep everything
	@$(DEPLOY) down

logs: ## what the services said: make logs SERVICE=hub FOLLOW=1
	@$(DEPLOY) logs $(SERVICE) $(if $(FOLLOW),--follow)

status: ## what runs
	@$(DEPLOY) status

accounts: ## people: make accounts ARGS="add eva"; also list, link, disable, enable
	@$(DEPLOY) accounts $(ARGS)

disks: ## what disks are on this machine; give one a real limit: make disks ARGS="convert 0123456789abcdef"
	@$(DEPLOY) disks $(ARGS)

culler: ## what will be stopped, and why: make culler; by another policy so far: make culler ARGS="replay --policy other.toml"
	@$(DEPLOY) culler $(ARGS)

clean: ## delete the deployment with its data; asks first
	@$(DEPLOY) clean

dev-venv: ## the virtual environment .venv
	@$(DEPLOY) venv

test: ## all tests but the long ones; needs Docker and Chromium, installs them where it may
	@$(DEPLOY) test-machine
	$(BIN)/pytest $(WORKERS) -m "not full" $(ARGS)

test-full: ## all tests
	@$(DEPLOY) test-machine --full
	$(BIN)/pytest $(WORKERS) $(ARGS)

# Fewer examples, and without what is slow: `make test` has all of it. A test that hangs is ended after a minute, with the stacks of all threads.
test-fast: ## tests without Docker, browser and the running service, in about half a minute
	@$(DEPLOY) venv
	PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX=.venv/pycache PYTEST_DEBUG_TEMPROOT=$(wildcard /dev/shm) $(BIN)/pytest -n auto -m "not docker and not browser and not slow and not full" \
		-o faulthandler_timeout=60 -o faulthandler_exit_on_timeout=true \
		--hypothesis-profile quick -p no:schemathesis \
		tests/unit tests/contracts tests/operations tests/host tests/extension $(ARGS)

lint: ## ruff, mypy, floors
	@$(DEPLOY) venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: ## speed beside the stock parts, on this machine; some alone: make bench ARGS="saves load"
	@$(DEPLOY) test-machine
	PYTHONPATH=tests $(BIN)/python -m tests.bench $(ARGS)
