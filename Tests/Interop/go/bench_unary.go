//go:build !streams

package main

import (
	"context"
	"errors"

	"github.com/containerd/ttrpc"
)

func benchStream(context.Context, *ttrpc.Client, int, int) error {
	return errors.New("this ttrpc has no streams")
}
