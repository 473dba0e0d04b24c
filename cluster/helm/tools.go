//go:build tools

// Package helm pins the helm that cluster/build compiles: it makes deploy/install.yaml of the chart, and the tests install it.
package helm

import (
	_ "helm.sh/helm/v4/cmd/helm"
)
