package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"interop/extra"
	"interop/streaming"
	"interop/testing"
)

// Cases that need no streams. Their names are gRPC's where it has them.
var cases = map[string]testCase{
	"empty_unary":                  emptyUnary,
	"large_unary":                  largeUnary,
	"concurrent_large_unary":       concurrentLargeUnary,
	"echo":                         echo,
	"status_code_and_message":      statusCodeAndMessage,
	"special_status_message":       specialStatusMessage,
	"unimplemented_method":         unimplementedMethod,
	"unimplemented_service":        unimplementedService,
	"timeout_on_sleeping_server":   timeoutOnSleepingServer,
	"deadline_that_is_kept":        deadlineThatIsKept,
	"custom_metadata":              customMetadata,
	"oversize_request":             oversizeRequest,
	"oversize_response":            oversizeResponse,
	"largest_request_and_response": largest,
}

func emptyUnary(ctx context.Context, client *ttrpc.Client) error {
	_, err := testing.NewTestServiceClient(client).EmptyCall(ctx, &testing.Empty{})
	return err
}

func unary(ctx context.Context, client *ttrpc.Client, up, down int32) error {
	response, err := testing.NewTestServiceClient(client).UnaryCall(ctx,
		&testing.SimpleRequest{ResponseSize: down, Payload: payload(up)})
	if err != nil {
		return err
	}
	if response.Payload == nil || len(response.Payload.Body) != int(down) {
		return fmt.Errorf("something else than %d bytes is answered", down)
	}
	return nil
}

func largeUnary(ctx context.Context, client *ttrpc.Client) error {
	return unary(ctx, client, 271828, 314159)
}

func concurrentLargeUnary(ctx context.Context, client *ttrpc.Client) error {
	const calls, atOnce = 1000, 32
	failures := make(chan error, calls)
	places := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for call := 0; call < calls; call++ {
		running.Add(1)
		places <- struct{}{}
		go func() {
			defer running.Done()
			failures <- largeUnary(ctx, client)
			<-places
		}()
	}
	running.Wait()
	for call := 0; call < calls; call++ {
		if err := <-failures; err != nil {
			return err
		}
	}
	return nil
}

func echo(ctx context.Context, client *ttrpc.Client) error {
	answer, err := streaming.NewStreamingClient(client).Echo(
		ctx, &streaming.EchoPayload{Seq: 7, Msg: "über"})
	if err != nil {
		return err
	}
	if answer.Seq != 8 || answer.Msg != "über" {
		return fmt.Errorf("the answer is %v", answer)
	}
	return nil
}

func expect(err error, code codes.Code, message string) error {
	if err == nil {
		return fmt.Errorf("the call succeeds, status %v is expected", code)
	}
	got, ok := status.FromError(err)
	if !ok || got.Code() != code || !strings.Contains(got.Message(), message) {
		return fmt.Errorf("%q is answered; expected %v: %q", err, code, message)
	}
	return nil
}

func failing(ctx context.Context, client *ttrpc.Client, code codes.Code, message string) error {
	_, err := testing.NewTestServiceClient(client).UnaryCall(ctx, &testing.SimpleRequest{
		ResponseStatus: &testing.EchoStatus{Code: int32(code), Message: message}})
	return expect(err, code, message)
}

func statusCodeAndMessage(ctx context.Context, client *ttrpc.Client) error {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		if err := failing(ctx, client, code, "test status message"); err != nil {
			return err
		}
	}
	return nil
}

func specialStatusMessage(ctx context.Context, client *ttrpc.Client) error {
	return failing(ctx, client, codes.Unknown,
		"\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
}

func unimplementedMethod(ctx context.Context, client *ttrpc.Client) error {
	err := client.Call(ctx, "grpc.testing.TestService", "UnimplementedCall",
		&testing.Empty{}, &testing.Empty{})
	return expect(err, codes.Unimplemented, "method UnimplementedCall")
}

func unimplementedService(ctx context.Context, client *ttrpc.Client) error {
	err := client.Call(ctx, "grpc.testing.UnimplementedService", "UnimplementedCall",
		&testing.Empty{}, &testing.Empty{})
	return expect(err, codes.Unimplemented, "service grpc.testing.UnimplementedService")
}

func timeoutOnSleepingServer(ctx context.Context, client *ttrpc.Client) error {
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err := extra.NewExtraClient(client).Sleep(short, &extra.SleepRequest{Milliseconds: 30000})
	// Whichever of the two ends gives up first.
	if !errors.Is(err, context.DeadlineExceeded) && status.Code(err) != codes.DeadlineExceeded {
		return fmt.Errorf("%v is answered after the deadline", err)
	}
	// A late answer must not disturb what follows.
	return emptyUnary(ctx, client)
}

func deadlineThatIsKept(ctx context.Context, client *ttrpc.Client) error {
	long, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	_, err := extra.NewExtraClient(client).Sleep(long, &extra.SleepRequest{Milliseconds: 1})
	return err
}

func customMetadata(ctx context.Context, client *ttrpc.Client) error {
	metadata := ttrpc.MD{"x-voken-test": {"first", "zweitens ☺"}, "other": {"x"}}
	answer, err := extra.NewExtraClient(client).ListMetadata(ttrpc.WithMetadata(ctx, metadata),
		&extra.ListMetadataRequest{Key: "x-voken-test"})
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(answer.Values, []string{"first", "zweitens ☺"}) {
		return fmt.Errorf("the metadata arrives as %q", answer.Values)
	}
	return nil
}

const limit = 4 << 20

func oversizeRequest(ctx context.Context, client *ttrpc.Client) error {
	if err := expect(
		unary(ctx, client, limit, 1), codes.ResourceExhausted, "exceed"); err != nil {
		return err
	}
	return emptyUnary(ctx, client)
}

func oversizeResponse(ctx context.Context, client *ttrpc.Client) error {
	if err := expect(
		unary(ctx, client, 1, limit), codes.ResourceExhausted, "exceed"); err != nil {
		return err
	}
	return emptyUnary(ctx, client)
}

func largest(ctx context.Context, client *ttrpc.Client) error {
	return unary(ctx, client, limit-200, limit-200)
}
