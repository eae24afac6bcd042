#!/usr/bin/env bash
# A cluster of three nodes in Docker with StreamHouse in it, for trying out and for tests with a real network.
#
#   hack/kind.sh up      create the cluster, build and load the image, install the chart with values-dev.yaml, run `helm test`
#   hack/kind.sh down    delete the cluster
#
# Needs docker, kind, kubectl and helm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CLUSTER=${KIND_CLUSTER:-streamhouse}
NAMESPACE=streamhouse
IMAGE=streamhouse
TAG=kind

fail() {
	echo "kind.sh: $*" >&2
	exit 1
}

require() {
	local program
	for program in "$@"; do
		command -v "$program" >/dev/null || fail "$program is not on PATH"
	done
	docker info >/dev/null 2>&1 || fail "docker is there, but its daemon does not answer"
}

create_cluster() {
	if kind get clusters 2>/dev/null | grep -qx "$CLUSTER"; then return; fi
	kind create cluster --name "$CLUSTER" --wait 120s --config - <<-'YAML'
		kind: Cluster
		apiVersion: kind.x-k8s.io/v1alpha4
		nodes:
		- role: control-plane
		- role: worker
		  labels: {topology.kubernetes.io/zone: zone-a}
		- role: worker
		  labels: {topology.kubernetes.io/zone: zone-b}
	YAML
}

up() {
	require docker kind kubectl helm
	create_cluster
	npm run image -- --tag "$IMAGE:$TAG"
	kind load docker-image "$IMAGE:$TAG" --name "$CLUSTER"
	local context=kind-$CLUSTER
	kubectl --context "$context" create namespace "$NAMESPACE" --dry-run=client --output yaml |
		kubectl --context "$context" apply --filename -
	kubectl --context "$context" label --overwrite namespace "$NAMESPACE" pod-security.kubernetes.io/enforce=restricted
	helm --kube-context "$context" upgrade --install streamhouse helm/streamhouse --namespace "$NAMESPACE" \
		--values helm/streamhouse/values-dev.yaml \
		--set image.repository="$IMAGE" --set image.tag="$TAG" --wait --timeout 5m
	kubectl --context "$context" --namespace "$NAMESPACE" wait --for=condition=Ready agentpool/default --timeout=3m
	helm --kube-context "$context" --namespace "$NAMESPACE" test streamhouse --logs
}

case ${1:-} in
up) up ;;
down) require docker kind && kind delete cluster --name "$CLUSTER" ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2 && exit 2 ;;
esac
