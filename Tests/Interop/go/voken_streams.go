//go:build streams

package main

import (
	"context"
	"io"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"

	"interop/voken"
)

func init() {
	cases["voken_generate"] = vokenGenerate
	cases["voken_generate_and_cancel"] = vokenGenerateAndCancel
	cases["voken_generate_bad_request"] = vokenBadRequest
}

func vokenGenerate(ctx context.Context, client *ttrpc.Client) error {
	stream, err := voken.NewGenerationClient(client).Generate(ctx, story(1, 2))
	if err != nil {
		return err
	}
	reader := &reader{}
	for {
		event, err := stream.Recv()
		if err == io.EOF {
			return reader.check()
		}
		if err != nil {
			return err
		}
		if err := reader.read(event); err != nil {
			return err
		}
	}
}

func vokenGenerateAndCancel(ctx context.Context, client *ttrpc.Client) error {
	generation := voken.NewGenerationClient(client)
	stream, err := generation.Generate(ctx, story(16, 250))
	if err != nil {
		return err
	}
	var cancelled chan error
	for {
		event, err := stream.Recv()
		if err != nil {
			if err := expect(err, codes.Canceled, ""); err != nil {
				return err
			}
			return <-cancelled
		}
		if event.GetStep() == nil || cancelled != nil {
			continue
		}
		// Beside the reading: in this client, a stream that nobody reads holds up every answer.
		cancelled = make(chan error, 1)
		go func() {
			_, err := generation.Cancel(ctx, &voken.CancelRequest{Job: event.Job})
			cancelled <- err
		}()
	}
}

func vokenBadRequest(ctx context.Context, client *ttrpc.Client) error {
	request := story(1, 2)
	request.Prompt = ""
	stream, err := voken.NewGenerationClient(client).Generate(ctx, request)
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return expect(err, codes.InvalidArgument, "")
}
