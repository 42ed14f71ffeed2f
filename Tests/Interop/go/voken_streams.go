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
	stream, err := voken.NewGenerationClient(client).Generate(ctx, story(2))
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
	stream, err := generation.Generate(ctx, story(1000))
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return expect(err, codes.Canceled, "")
		}
		if event.GetStep() == nil {
			continue
		}
		if _, err := generation.Cancel(ctx, &voken.CancelRequest{Job: event.Job}); err != nil {
			return err
		}
	}
}

func vokenBadRequest(ctx context.Context, client *ttrpc.Client) error {
	request := story(2)
	request.Prompt = ""
	stream, err := voken.NewGenerationClient(client).Generate(ctx, request)
	if err != nil {
		return err
	}
	_, err = stream.Recv()
	return expect(err, codes.InvalidArgument, "")
}
