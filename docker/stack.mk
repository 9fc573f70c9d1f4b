# Marquee on Docker Swarm. docs/operations/deploy.md walks through it.
# Settings come from the command line, the shell, or the file stack.env (make deploy PUBLIC_URL=https://cinema.example).

-include stack.env
ifneq ($(wildcard stack.env),)
export $(shell sed -n 's/^\([A-Z_]*\)=.*/\1/p' stack.env)
endif

# Other commands may take the place of these.
DOCKER       ?= docker
DOCKER_BUILD ?= docker build
STACK_DEPLOY ?= docker stack deploy --with-registry-auth -c
COMPOSE      ?= docker compose
# What is committed, and a number for what is not: a changed tree is another version.
ifndef VERSION
VERSION := $(shell git describe --always --abbrev=10 --exclude '*')$(shell git diff --quiet HEAD || echo "-$$(git diff HEAD | cksum | cut -d ' ' -f 1)")
endif

OF_OURS := web auth movies payment ticket review notification
ON_SWARM = VERSION="$(VERSION)" DOCKER="$(DOCKER)" STACK_DEPLOY="$(STACK_DEPLOY)" $(PYTHON) docker/stack
IMAGE    = $(REGISTRY)marquee/$(1):$(VERSION)

.PHONY: images push secrets deploy scale rollback stop lint-stack dev dev-stop

images: ## Build the images of this version
	@set -e; for service in $(OF_OURS); do \
		echo "== $(call IMAGE,$$service)"; \
		$(DOCKER_BUILD) -q -f docker/Dockerfile --build-arg SERVICE=$$service -t $(call IMAGE,$$service) .; \
	done
	@echo "== $(call IMAGE,jobs)"; $(DOCKER_BUILD) -q -f docker/Dockerfile --target jobs -t $(call IMAGE,jobs) .
	@echo "== $(call IMAGE,keycloak)"; $(DOCKER_BUILD) -q -f keycloak/Dockerfile -t $(call IMAGE,keycloak) .
ifeq ($(STAND_INS),1)
	@echo "== $(call IMAGE,stand-ins)"; $(DOCKER_BUILD) -q -f docker/Dockerfile --target stand-ins -t $(call IMAGE,stand-ins) .
endif

push: ## Send the images to REGISTRY, for swarms of several nodes
	@test -n "$(REGISTRY)" || { echo "Where to? make push REGISTRY=registry.example/"; exit 1; }
	@set -e; for image in $(OF_OURS) jobs keycloak $(if $(filter 1,$(STAND_INS)),stand-ins); do $(DOCKER) push $(call IMAGE,$$image); done

secrets: ## Make the passwords and keys that are missing
	@$(ON_SWARM) secrets

deploy: ## Bring this version to run on the swarm, and wait until it is well
	@$(ON_SWARM) deploy

scale: ## make scale SERVICE=web REPLICAS=5
	@$(ON_SWARM) scale $(SERVICE) $(REPLICAS)

rollback: ## One version back (SERVICE=web: that one only)
	@$(ON_SWARM) rollback $(SERVICE)

stop: ## Remove everything from the swarm but its data
	@$(ON_SWARM) stop

lint-stack: $(READY) ## Is every service of the stack as it should be?
	$(BIN)/pytest tests/stack/test_stack_file.py

DEV := -f docker-stack.yml -f docker-compose.override.yml

dev: ## The stack for developers, on one machine without a swarm
	@$(ON_SWARM) secrets
	@eval "$$($(ON_SWARM) environment)" && VERSION="$(VERSION)" $(COMPOSE) $(DEV) up --detach --wait $(DEV_UP)

dev-stop: ## Remove it; data stays
	@eval "$$($(ON_SWARM) environment)" && VERSION="$(VERSION)" $(COMPOSE) $(DEV) down
