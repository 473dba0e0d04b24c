//go:build tools

// Package crio pins the programs of CRI-O that cluster/build compiles.
package crio

import (
	_ "github.com/cri-o/cri-o/cmd/crio"
	_ "github.com/cri-o/cri-o/test/copyimg"
)
