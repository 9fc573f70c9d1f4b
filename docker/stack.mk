# Marquee on Docker Swarm. docs/operations/deploy.md walks through it.
# Settings come from the command line, the shell, or the file stack.env (make deploy PUBLIC_URL=https://cinema.example).

SETTINGS ?= stack.env
-include $(SETTINGS)
ifneq ($(wildcard $(SETTINGS)),)
export $(shell sed -n 's/^\([A-Z_]*\)=.*/\1/p' $(SETTINGS))
endif

# Other commands may take the place of these, and of STACK_DEPLOY (docker/stack/deploying.py).
DOCKER       ?= docker
DOCKER_BUILD ?= docker build
COMPOSE      ?= docker compose
# The last commit that touched something, and a number for what is not committed: a changed tree is another version.
# Keycloak and the stand-ins are replaced only when something changed that goes into them.
uncommitted = git diff HEAD -- $(1); git ls-files -z --others --exclude-standard -- $(1) | xargs -0 -r cksum
last_change = $(shell git log -1 --format=%h --abbrev=10 -- $(1))$(shell changes=$$($(uncommitted)); test -z "$$changes" || echo "-$$(echo "$$changes" | cksum | cut -d ' ' -f 1)")
ifndef VERSION
VERSION := $(call last_change,.)
endif
ifndef KEYCLOAK_VERSION
KEYCLOAK_VERSION := $(call last_change,keycloak shared/marquee/typography services/web/static/css/tokens.css requirements/runtime.txt)
endif
ifndef STAND_INS_VERSION
STAND_INS_VERSION := $(call last_change,local shared services/__init__.py requirements/runtime.txt requirements/local.txt docker/Dockerfile docker/entrypoint docker/healthy)
endif
export VERSION KEYCLOAK_VERSION STAND_INS_VERSION SETTINGS DOCKER

OF_OURS := web auth movies payment ticket review notification
ON_SWARM = $(PYTHON) docker/stack
IMAGE    = $(REGISTRY)marquee/$(1):$(VERSION)
KEYCLOAK = $(REGISTRY)marquee/keycloak:$(KEYCLOAK_VERSION)
STANDING = $(REGISTRY)marquee/stand-ins:$(STAND_INS_VERSION)
# What ours are built on, where it is named: jobs takes pg_dump from the image of the server.
BUILT_ON = $(foreach image,PYTHON_IMAGE POSTGRES_IMAGE,$(if $($(image)),--build-arg $(image)=$($(image))))

.PHONY: images push secrets deploy scale rollback stop lint-stack test-swarm test-swarm-long dev dev-stop

images: ## Build the images of this version
	@set -e; for service in $(OF_OURS); do \
		echo "== $(call IMAGE,$$service)"; \
		$(DOCKER_BUILD) -q -f docker/Dockerfile $(BUILT_ON) --build-arg SERVICE=$$service -t $(call IMAGE,$$service) .; \
	done
	@echo "== $(call IMAGE,jobs)"; $(DOCKER_BUILD) -q -f docker/Dockerfile $(BUILT_ON) --target jobs -t $(call IMAGE,jobs) .
	@echo "== $(KEYCLOAK)"; $(DOCKER_BUILD) -q -f keycloak/Dockerfile -t $(KEYCLOAK) .
ifeq ($(STAND_INS),1)
	@echo "== $(STANDING)"; $(DOCKER_BUILD) -q -f docker/Dockerfile $(BUILT_ON) --target stand-ins -t $(STANDING) .
endif

push: ## Send the images to REGISTRY, for swarms of several nodes
	@test -n "$(REGISTRY)" || { echo "Where to? make push REGISTRY=registry.example/"; exit 1; }
	@set -e; for image in $(OF_OURS) jobs; do $(DOCKER) push $(call IMAGE,$$image); done; \
	$(DOCKER) push $(KEYCLOAK); $(if $(filter 1,$(STAND_INS)),$(DOCKER) push $(STANDING))

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

test-swarm: $(READY) ## Try the developers' face; deploy to the swarm here, use it, hurt it, remove it, data and all
	MARQUEE_TEST_SWARM=1 $(BIN)/pytest tests/swarm -m swarm

test-swarm-long: $(READY) ## Restore, rotation, https; with MARQUEE_TEST_NODE=... the loss of nodes, on a swarm of three
	MARQUEE_TEST_SWARM=1 $(BIN)/pytest tests/swarm/test_operations.py tests/swarm/test_nodes.py -m swarm_long

DEV := -f docker-stack.yml -f docker-compose.override.yml

dev: ## The stack for developers, on one machine without a swarm
	@$(ON_SWARM) secrets
	@eval "$$($(ON_SWARM) environment)" && $(COMPOSE) $(DEV) up --detach && echo "Marquee comes up at http://localhost:8081; how far it is: $(COMPOSE) ps"

dev-stop: ## Remove it; data stays
	@eval "$$($(ON_SWARM) environment)" && $(COMPOSE) $(DEV) down
