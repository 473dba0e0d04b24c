//go:build tools

// Package krew pins what says whether our manifest is a krew plugin's, and installs by it: tools/krew --check.
package krew

import (
	_ "sigs.k8s.io/krew/cmd/krew"
	_ "sigs.k8s.io/krew/cmd/validate-krew-manifest"
)
