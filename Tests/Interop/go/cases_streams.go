//go:build streams

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"

	"interop/streaming"
	"interop/testing"
)

func init() {
	for name, check := range map[string]testCase{
		"client_streaming":                    clientStreaming,
		"server_streaming":                    serverStreaming,
		"ping_pong":                           pingPong,
		"empty_stream":                        emptyStream,
		"status_code_and_message_of_a_stream": statusOfAStream,
		"cancel_after_begin":                  cancelAfterBegin,
		"cancel_after_first_response":         cancelAfterFirstResponse,
		"many_streams_at_once":                manyStreams,
		"echo_stream":                         echoStream,
		"sum_stream":                          sumStream,
		"divide_stream":                       divideStream,
		"echo_null":                           echoNull,
		"echo_null_stream":                    echoNullStream,
		"empty_payload_stream":                emptyPayloadStream,
		"oversize_response_of_a_stream":       oversizeOfAStream,
	} {
		cases[name] = check
	}
}

// gRPC's sizes.
var (
	up   = []int32{27182, 8, 1828, 45904}
	down = []int32{31415, 9, 2653, 58979}
)

func clientStreaming(ctx context.Context, client *ttrpc.Client) error {
	stream, err := testing.NewTestServiceClient(client).StreamingInputCall(ctx)
	if err != nil {
		return err
	}
	for _, size := range up {
		request := &testing.StreamingInputCallRequest{Payload: payload(size)}
		if err := stream.Send(request); err != nil {
			return err
		}
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	if response.AggregatedPayloadSize != 74922 {
		return fmt.Errorf("%d bytes were counted, not 74922", response.AggregatedPayloadSize)
	}
	return nil
}

type outputReceiver interface {
	Recv() (*testing.StreamingOutputCallResponse, error)
}

func receive(stream outputReceiver, size int32) error {
	response, err := stream.Recv()
	if err != nil {
		return err
	}
	if got := len(response.GetPayload().GetBody()); got != int(size) {
		return fmt.Errorf("%d bytes were answered, not %d", got, size)
	}
	return nil
}

func end(err error) error {
	if err != io.EOF {
		return fmt.Errorf("%v where the stream is to end", err)
	}
	return nil
}

func outputs(sizes ...int32) *testing.StreamingOutputCallRequest {
	request := &testing.StreamingOutputCallRequest{}
	for _, size := range sizes {
		request.ResponseParameters = append(
			request.ResponseParameters, &testing.ResponseParameters{Size: size})
	}
	return request
}

func serverStreaming(ctx context.Context, client *ttrpc.Client) error {
	stream, err := testing.NewTestServiceClient(client).StreamingOutputCall(ctx, outputs(down...))
	if err != nil {
		return err
	}
	for _, size := range down {
		if err := receive(stream, size); err != nil {
			return err
		}
	}
	_, err = stream.Recv()
	return end(err)
}

func pingPong(ctx context.Context, client *ttrpc.Client) error {
	stream, err := testing.NewTestServiceClient(client).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for index, size := range down {
		request := outputs(size)
		request.Payload = payload(up[index])
		if err := stream.Send(request); err != nil {
			return err
		}
		if err := receive(stream, size); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	return end(err)
}

func emptyStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := testing.NewTestServiceClient(client).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	return end(err)
}

func statusOfAStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := testing.NewTestServiceClient(client).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(outputs(9)); err != nil {
		return err
	}
	if err := receive(stream, 9); err != nil {
		return err
	}
	request := &testing.StreamingOutputCallRequest{
		ResponseStatus: &testing.EchoStatus{Code: 2, Message: "test status message"}}
	if err := stream.Send(request); err != nil {
		return err
	}
	_, err = stream.Recv()
	return expect(err, codes.Unknown, "test status message")
}

func cancelAfterBegin(ctx context.Context, client *ttrpc.Client) error {
	cancelled, cancel := context.WithCancel(ctx)
	stream, err := testing.NewTestServiceClient(client).StreamingInputCall(cancelled)
	if err != nil {
		return err
	}
	cancel()
	if _, err := stream.CloseAndRecv(); !errors.Is(err, context.Canceled) {
		// The answer may have overtaken the cancellation.
		if err != nil {
			return err
		}
	}
	return emptyUnary(ctx, client)
}

func cancelAfterFirstResponse(ctx context.Context, client *ttrpc.Client) error {
	cancelled, cancel := context.WithCancel(ctx)
	stream, err := testing.NewTestServiceClient(client).FullDuplexCall(cancelled)
	if err != nil {
		return err
	}
	if err := stream.Send(outputs(31415)); err != nil {
		return err
	}
	if err := receive(stream, 31415); err != nil {
		return err
	}
	cancel()
	if _, err := stream.Recv(); !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%v after the call was cancelled", err)
	}
	return emptyUnary(ctx, client)
}

// Streams that run at once, each in its order, while calls go on beside them.
func manyStreams(ctx context.Context, client *ttrpc.Client) error {
	failures := make(chan error, 64)
	for count := 0; count < 32; count++ {
		go func() { failures <- pingPong(ctx, client) }()
		go func() { failures <- largeUnary(ctx, client) }()
	}
	for count := 0; count < 64; count++ {
		if err := <-failures; err != nil {
			return err
		}
	}
	return nil
}

func echoStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := streaming.NewStreamingClient(client).EchoStream(ctx)
	if err != nil {
		return err
	}
	for seq := uint32(0); seq < 100; seq += 2 {
		message := &streaming.EchoPayload{Seq: seq, Msg: fmt.Sprintf("%d", seq)}
		if err := stream.Send(message); err != nil {
			return err
		}
		answer, err := stream.Recv()
		if err != nil {
			return err
		}
		if answer.Seq != seq+1 || answer.Msg != message.Msg {
			return fmt.Errorf("%v is echoed as %v", message, answer)
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	_, err = stream.Recv()
	return end(err)
}

func sumStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := streaming.NewStreamingClient(client).SumStream(ctx)
	if err != nil {
		return err
	}
	// The first and the last are empty messages.
	var sum int32
	for index := int32(0); index < 202; index++ {
		add := index
		if index == 201 {
			add = 0
		}
		sum += add
		if err := stream.Send(&streaming.Part{Add: add}); err != nil {
			return err
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	if answer.Sum != sum || answer.Num != 202 {
		return fmt.Errorf("the sum is %v, not %d of 202", answer, sum)
	}
	return nil
}

func divideStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := streaming.NewStreamingClient(client).DivideStream(
		ctx, &streaming.Sum{Sum: 392, Num: 30})
	if err != nil {
		return err
	}
	var sum, count int32
	for {
		part, err := stream.Recv()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		sum += part.Add
		count++
	}
	if sum != 392 || count != 30 {
		return fmt.Errorf("%d parts add up to %d", count, sum)
	}
	return nil
}

type nullSender interface {
	Send(*streaming.EchoPayload) error
}

func sendNulls(stream nullSender) error {
	for seq := uint32(0); seq < 100; seq++ {
		message := &streaming.EchoPayload{Seq: seq, Msg: "non-empty empty"}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return nil
}

func echoNull(ctx context.Context, client *ttrpc.Client) error {
	stream, err := streaming.NewStreamingClient(client).EchoNull(ctx)
	if err != nil {
		return err
	}
	if err := sendNulls(stream); err != nil {
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}

func echoNullStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := streaming.NewStreamingClient(client).EchoNullStream(ctx)
	if err != nil {
		return err
	}
	var sending sync.WaitGroup
	sending.Add(1)
	var failure error
	go func() {
		defer sending.Done()
		if failure = sendNulls(stream); failure == nil {
			failure = stream.CloseSend()
		}
	}()
	count := 0
	for {
		if _, err = stream.Recv(); err != nil {
			break
		}
		count++
	}
	sending.Wait()
	if failure != nil {
		return failure
	}
	if count != 1000 {
		return fmt.Errorf("%d empty messages came, not 1000", count)
	}
	return end(err)
}

func emptyPayloadStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := streaming.NewStreamingClient(client).EmptyPayloadStream(
		ctx, &streaming.Nothing{})
	if err != nil {
		return err
	}
	for seq := uint32(1); seq <= 2; seq++ {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		if message.Seq != seq {
			return fmt.Errorf("message %d has the number %d", seq, message.Seq)
		}
	}
	_, err = stream.Recv()
	return end(err)
}

func oversizeOfAStream(ctx context.Context, client *ttrpc.Client) error {
	stream, err := testing.NewTestServiceClient(client).StreamingOutputCall(
		ctx, outputs(9, limit))
	if err != nil {
		return err
	}
	if err := receive(stream, 9); err != nil {
		return err
	}
	_, err = stream.Recv()
	if err := expect(err, codes.ResourceExhausted, "exceed"); err != nil {
		return err
	}
	return emptyUnary(ctx, client)
}
