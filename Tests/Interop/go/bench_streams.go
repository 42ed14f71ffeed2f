//go:build streams

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/containerd/ttrpc"

	"interop/extra"
)

func benchStream(ctx context.Context, client *ttrpc.Client, count, size int) error {
	began := time.Now()
	stream, err := extra.NewExtraClient(client).Repeat(
		ctx, &extra.RepeatRequest{Count: int32(count), Size: int32(size)})
	if err != nil {
		return err
	}
	bytes := 0
	for {
		chunk, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		bytes += len(chunk.Data)
	}
	if bytes != count*size {
		return fmt.Errorf("%d bytes came, not %d", bytes, count*size)
	}
	fmt.Println(int64(float64(bytes) / time.Since(began).Seconds()))
	return nil
}
