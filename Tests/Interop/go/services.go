package main

import (
	"context"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"interop/extra"
	"interop/health"
	"interop/streaming"
	"interop/testing"
)

// The methods that have one request and one answer; services that stream embed these.
type (
	testService      struct{}
	streamingService struct{}
	extraService     struct{}
	healthService    struct{}
)

func register(server *ttrpc.Server) {
	testing.RegisterTestServiceService(server, testService{})
	streaming.RegisterStreamingService(server, streamingService{})
	extra.RegisterExtraService(server, extraService{})
	health.RegisterHealthService(server, healthService{})
}

func payload(size int32) *testing.Payload {
	return &testing.Payload{Body: make([]byte, size)}
}

func wanted(end *testing.EchoStatus) error {
	if end == nil || end.Code == 0 {
		return nil
	}
	return status.Error(codes.Code(end.Code), end.Message)
}

func (testService) EmptyCall(context.Context, *testing.Empty) (*testing.Empty, error) {
	return &testing.Empty{}, nil
}

func (testService) UnaryCall(
	_ context.Context, request *testing.SimpleRequest,
) (*testing.SimpleResponse, error) {
	if err := wanted(request.ResponseStatus); err != nil {
		return nil, err
	}
	return &testing.SimpleResponse{Payload: payload(request.ResponseSize)}, nil
}

func (streamingService) Echo(
	_ context.Context, request *streaming.EchoPayload,
) (*streaming.EchoPayload, error) {
	request.Seq++
	return request, nil
}

func (extraService) Sleep(
	ctx context.Context, request *extra.SleepRequest,
) (*extra.Slept, error) {
	select {
	case <-time.After(time.Duration(request.Milliseconds) * time.Millisecond):
		return &extra.Slept{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (extraService) ListMetadata(
	ctx context.Context, request *extra.ListMetadataRequest,
) (*extra.MetadataList, error) {
	all, _ := ttrpc.GetMetadata(ctx)
	values, _ := all.Get(request.Key)
	return &extra.MetadataList{Values: values}, nil
}

func (healthService) Check(
	context.Context, *health.HealthCheckRequest,
) (*health.HealthCheckResponse, error) {
	return &health.HealthCheckResponse{Status: health.HealthCheckResponse_SERVING}, nil
}

func (healthService) List(
	context.Context, *health.HealthListRequest,
) (*health.HealthListResponse, error) {
	return nil, status.Error(codes.Unimplemented, "method List")
}
