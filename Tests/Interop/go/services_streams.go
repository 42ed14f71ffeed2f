//go:build streams

package main

import (
	"context"
	"io"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"interop/extra"
	"interop/health"
	"interop/streaming"
	"interop/testing"
)

func (testService) StreamingOutputCall(
	_ context.Context, request *testing.StreamingOutputCallRequest,
	stream testing.TestService_StreamingOutputCallServer,
) error {
	return answer(request, stream)
}

type outputSender interface {
	Send(*testing.StreamingOutputCallResponse) error
}

func answer(request *testing.StreamingOutputCallRequest, stream outputSender) error {
	if err := wanted(request.ResponseStatus); err != nil {
		return err
	}
	for _, parameters := range request.ResponseParameters {
		response := &testing.StreamingOutputCallResponse{Payload: payload(parameters.Size)}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
	return nil
}

func (testService) StreamingInputCall(
	_ context.Context, stream testing.TestService_StreamingInputCallServer,
) (*testing.StreamingInputCallResponse, error) {
	var size int32
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return &testing.StreamingInputCallResponse{AggregatedPayloadSize: size}, nil
		}
		if err != nil {
			return nil, err
		}
		size += int32(len(request.GetPayload().GetBody()))
	}
}

func (testService) FullDuplexCall(
	_ context.Context, stream testing.TestService_FullDuplexCallServer,
) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := answer(request, stream); err != nil {
			return err
		}
	}
}

func (streamingService) EchoStream(
	_ context.Context, stream streaming.Streaming_EchoStreamServer,
) error {
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		message.Seq++
		if err := stream.Send(message); err != nil {
			return err
		}
	}
}

func (streamingService) SumStream(
	_ context.Context, stream streaming.Streaming_SumStreamServer,
) (*streaming.Sum, error) {
	var sum streaming.Sum
	for {
		part, err := stream.Recv()
		if err == io.EOF {
			return &sum, nil
		}
		if err != nil {
			return nil, err
		}
		sum.Sum += part.Add
		sum.Num++
	}
}

func (streamingService) DivideStream(
	_ context.Context, sum *streaming.Sum, stream streaming.Streaming_DivideStreamServer,
) error {
	left := sum.Sum
	for index := int32(0); index < sum.Num; index++ {
		// The last parts are empty messages.
		part := left
		if left > 1 {
			part = left / 2
		}
		if index == sum.Num-1 {
			part = left
		}
		left -= part
		if err := stream.Send(&streaming.Part{Add: part}); err != nil {
			return err
		}
	}
	return nil
}

type payloadReceiver interface {
	Recv() (*streaming.EchoPayload, error)
}

// Calls back for each message, all of which have to be as they should be.
func checkNull(stream payloadReceiver, received func()) error {
	for seq := uint32(0); ; seq++ {
		message, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if message.Seq != seq || message.Msg != "non-empty empty" {
			return status.Errorf(codes.InvalidArgument, "message %d is %v", seq, message)
		}
		received()
	}
}

func (streamingService) EchoNull(
	_ context.Context, stream streaming.Streaming_EchoNullServer,
) (*streaming.Nothing, error) {
	if err := checkNull(stream, func() {}); err != nil {
		return nil, err
	}
	return &streaming.Nothing{}, nil
}

func (streamingService) EchoNullStream(
	_ context.Context, stream streaming.Streaming_EchoNullStreamServer,
) error {
	var senders sync.WaitGroup
	defer senders.Wait()
	failures := make(chan error, 1)
	err := checkNull(stream, func() {
		senders.Add(1)
		go func() {
			defer senders.Done()
			for count := 0; count < 10; count++ {
				if err := stream.Send(&streaming.Nothing{}); err != nil {
					select {
					case failures <- err:
					default:
					}
				}
			}
		}()
	})
	senders.Wait()
	select {
	case failure := <-failures:
		return failure
	default:
		return err
	}
}

func (streamingService) EmptyPayloadStream(
	_ context.Context, _ *streaming.Nothing,
	stream streaming.Streaming_EmptyPayloadStreamServer,
) error {
	for seq := uint32(1); seq <= 2; seq++ {
		if err := stream.Send(&streaming.EchoPayload{Seq: seq}); err != nil {
			return err
		}
	}
	return nil
}

func (extraService) Repeat(
	_ context.Context, request *extra.RepeatRequest, stream extra.Extra_RepeatServer,
) error {
	chunk := &extra.Chunk{Data: make([]byte, request.Size)}
	for count := int32(0); count < request.Count; count++ {
		if err := stream.Send(chunk); err != nil {
			return err
		}
	}
	return nil
}

func (healthService) Watch(
	context.Context, *health.HealthCheckRequest, health.Health_WatchServer,
) error {
	return status.Error(codes.Unimplemented, "method Watch")
}
