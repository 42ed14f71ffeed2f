package main

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/ttrpc"

	"interop/health"
)

// Measures, and prints one line of numbers.
//
//	unary COUNT              half and 99 of 100 of the round trips took less: two times, in ns
//	parallel COUNT WIDTH     calls per second with WIDTH in flight
//	stream COUNT SIZE        bytes per second
//
// Calls are grpc.health.v1.Health/Check: what both kinds of server answer.
func bench(path string, arguments []string) error {
	numbers := make([]int, len(arguments)-1)
	for index, argument := range arguments[1:] {
		number, err := strconv.Atoi(argument)
		if err != nil {
			return err
		}
		numbers[index] = number
	}
	client, err := connect(path)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx := context.Background()
	switch {
	case arguments[0] == "unary" && len(numbers) == 1:
		return benchUnary(ctx, client, numbers[0])
	case arguments[0] == "parallel" && len(numbers) == 2:
		return benchParallel(ctx, client, numbers[0], numbers[1])
	case arguments[0] == "stream" && len(numbers) == 2:
		return benchStream(ctx, client, numbers[0], numbers[1])
	}
	return fmt.Errorf("bench: unary COUNT | parallel COUNT WIDTH | stream COUNT SIZE")
}

func checkHealth(ctx context.Context, client *ttrpc.Client) error {
	_, err := health.NewHealthClient(client).Check(ctx, &health.HealthCheckRequest{})
	return err
}

func benchUnary(ctx context.Context, client *ttrpc.Client, count int) error {
	for call := 0; call < count/10; call++ {
		if err := checkHealth(ctx, client); err != nil {
			return err
		}
	}
	times := make([]time.Duration, count)
	for call := range times {
		began := time.Now()
		if err := checkHealth(ctx, client); err != nil {
			return err
		}
		times[call] = time.Since(began)
	}
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	fmt.Println(times[count/2].Nanoseconds(), times[count*99/100].Nanoseconds())
	return nil
}

func benchParallel(ctx context.Context, client *ttrpc.Client, count, width int) error {
	var running sync.WaitGroup
	failures := make(chan error, width)
	began := time.Now()
	for worker := 0; worker < width; worker++ {
		running.Add(1)
		go func() {
			defer running.Done()
			for call := 0; call < count/width; call++ {
				if err := checkHealth(ctx, client); err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	running.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	fmt.Println(int64(float64(count/width*width) / time.Since(began).Seconds()))
	return nil
}
