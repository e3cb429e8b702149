# Everything here is one line that also works without make.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
.PHONY: help demo test check fix messages openapi lock audit sbom

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## start the demo on http://127.0.0.1:8000
	python3 manage.py demo

test: ## run every test that this machine can run
	python3 manage.py test

check: ## all checks and tests, with nothing left out; what a change must pass
	.ci/run

fix: ## format, and repair what can be repaired by itself
	.venv/bin/ruff check --fix . && .venv/bin/ruff format .

messages: ## collect the texts to translate, and compile the translations (needs gettext)
	$(PYTHON) manage.py makemessages --locale nl --no-location --no-obsolete --ignore '.venv' --ignore 'tests' --ignore 'var' && $(PYTHON) manage.py compilemessages --locale nl --ignore '.venv' --ignore 'var'

openapi: ## write docs/api/openapi.yaml from the code
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file docs/api/openapi.yaml

lock: ## follow a change in requirements*.in (add --upgrade to COMPILE to move versions)
	$(COMPILE) requirements.in -o requirements.txt && $(COMPILE) -c requirements.txt requirements-production.in -o requirements-production.txt && $(COMPILE) -c requirements-production.txt requirements-dev.in -o requirements-dev.txt

audit: ## ask for known weaknesses in the packages (needs pypi.org)
	.ci/audit

sbom: ## write var/sbom.json: every package of production with its hashes (CycloneDX)
	mkdir -p var && .venv/bin/uvx --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements-production.txt --pyproject pyproject.toml --output-reproducible --output-file var/sbom.json
