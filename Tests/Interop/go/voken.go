package main

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/grpc/codes"

	"interop/health"
	"interop/voken"
)

// Cases for the daemon, which need nothing of it but its .proto files.
func init() {
	for name, check := range map[string]testCase{
		"voken_version":         vokenVersion,
		"voken_status":          vokenStatus,
		"voken_health":          vokenHealth,
		"voken_cancel_unknown":  vokenCancelUnknown,
		"voken_submit_and_poll": vokenSubmitAndPoll,
		"voken_submit_cancel":   vokenSubmitAndCancel,
	} {
		cases[name] = check
	}
}

func vokenVersion(ctx context.Context, client *ttrpc.Client) error {
	reply, err := voken.NewAdminClient(client).Version(ctx, &voken.VersionRequest{})
	if err != nil {
		return err
	}
	if reply.Version == "" || reply.Protocol != 1 {
		return fmt.Errorf("the version is %v", reply)
	}
	return nil
}

func vokenStatus(ctx context.Context, client *ttrpc.Client) error {
	reply, err := voken.NewAdminClient(client).Status(ctx, &voken.StatusRequest{})
	if err != nil {
		return err
	}
	if reply.Pid == 0 || reply.Generation == 0 || len(reply.Stages) == 0 {
		return fmt.Errorf("the status is %v", reply)
	}
	return nil
}

func vokenHealth(ctx context.Context, client *ttrpc.Client) error {
	checks := health.NewHealthClient(client)
	for _, service := range []string{"", "voken.v1.Generation"} {
		reply, err := checks.Check(ctx, &health.HealthCheckRequest{Service: service})
		if err != nil {
			return err
		}
		if reply.Status != health.HealthCheckResponse_SERVING {
			return fmt.Errorf("the health of %q is %v", service, reply.Status)
		}
	}
	_, err := checks.Check(ctx, &health.HealthCheckRequest{Service: "nobody"})
	return expect(err, codes.NotFound, "unknown service")
}

func vokenCancelUnknown(ctx context.Context, client *ttrpc.Client) error {
	reply, err := voken.NewGenerationClient(client).Cancel(
		ctx, &voken.CancelRequest{Job: "nobody"})
	if err != nil {
		return expect(err, codes.NotFound, "nobody")
	}
	if reply.Known {
		return fmt.Errorf("a job that there is not was cancelled: %v", reply)
	}
	return nil
}

// A short story, or one that does not end before it is cancelled.
func story(scenes, steps uint32) *voken.GenerateRequest {
	return &voken.GenerateRequest{
		Prompt:         "Mia the rabbit found a blue ball in the park.",
		OptionalScenes: &voken.GenerateRequest_Scenes{Scenes: scenes},
		OptionalSteps:  &voken.GenerateRequest_Steps{Steps: steps},
		OptionalSeed:   &voken.GenerateRequest_Seed{Seed: 7},
	}
}

// What is seen of a story as its events come.
type reader struct {
	seq      uint64
	text     string
	pictures int
	finished *voken.Finished
	failed   *voken.Failed
}

func (reader *reader) read(event *voken.Event) error {
	if event.Seq <= reader.seq || event.Job == "" {
		return fmt.Errorf("event %d of job %q after event %d", event.Seq, event.Job, reader.seq)
	}
	reader.seq = event.Seq
	if delta := event.GetTextDelta(); delta != nil {
		reader.text += delta.Text
	}
	if done := event.GetImageDone(); done != nil {
		png := done.Png
		if len(png) < 8 || string(png[1:4]) != "PNG" {
			return fmt.Errorf("picture %d is no PNG file", done.Index)
		}
		reader.pictures++
	}
	if finished := event.GetFinished(); finished != nil {
		reader.finished = finished
	}
	if failed := event.GetFailed(); failed != nil {
		reader.failed = failed
	}
	return nil
}

func (reader *reader) check() error {
	if reader.finished == nil || reader.text == "" || reader.pictures == 0 {
		return fmt.Errorf("the story is %+v", *reader)
	}
	return nil
}

func vokenSubmitAndPoll(ctx context.Context, client *ttrpc.Client) error {
	generation := voken.NewGenerationClient(client)
	job, err := generation.Submit(ctx, story(1, 2))
	if err != nil {
		return err
	}
	reader := &reader{}
	for ended := false; !ended; {
		reply, err := generation.Poll(ctx, &voken.PollRequest{
			Job: job.Job, FromSeq: reader.seq + 1, WaitNano: int64(10 * time.Second)})
		if err != nil {
			return err
		}
		for _, event := range reply.Events {
			if err := reader.read(event); err != nil {
				return err
			}
		}
		ended = reply.Ended
	}
	return reader.check()
}

func vokenSubmitAndCancel(ctx context.Context, client *ttrpc.Client) error {
	generation := voken.NewGenerationClient(client)
	job, err := generation.Submit(ctx, story(16, 250))
	if err != nil {
		return err
	}
	reply, err := generation.Cancel(ctx, &voken.CancelRequest{Job: job.Job})
	if err != nil {
		return err
	}
	if !reply.Known {
		return fmt.Errorf("the job that was submitted is not known: %v", reply)
	}
	return nil
}
