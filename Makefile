# Sunbeon. `make` lists what can be made.
.DEFAULT_GOAL := help
GO            ?= go
BINARY        := bin/sunbeon
ARGS          ?=

help: ## list what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build the one binary, bin/sunbeon
	@mkdir -p bin
	$(GO) build -o $(BINARY) .

run: build ## run a whole opening evening on this machine (ARGS="--people 20000" …)
	./$(BINARY) up $(ARGS)

test: components ## run every test, with the race detector
	$(GO) test -race -timeout 20m ./...
	$(GO) test ./controlplane/twin # with the detector only a few of its evenings

race: test ## the same as test: the race detector is always on

lint: ## format, vet, staticcheck, module hygiene
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod verify
	$(GO) mod tidy -diff

bench: build ## print the scoreboard of the steering and the measured ratios
	./$(BINARY) simulate all
	./$(BINARY) bench ledger --store sqlite
	./$(BINARY) bench ledger --store postgres
	./$(BINARY) bench line --people 1000000
	./$(BINARY) bench plan --rounds 3 --kills 5
	./$(BINARY) bench evening

fmt: ## format the source
	gofmt -w .

components: # what the tests need beside Go
	@./.ci/components

clean: ## remove what was built and the demonstration's data
	rm -rf bin sunbeon-data

.PHONY: help build run test race lint bench fmt components clean
