// One end of a socket, as stock ttrpc speaks.
//
//	peer serve SOCKET          serves the test services until standard input ends
//	peer test SOCKET CASE      runs one case as a client; prints what was wrong and exits with 1
//	peer cases                 names all cases
//	peer bench SOCKET WHAT …   measures, and prints numbers: see bench.go
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"time"

	"github.com/containerd/ttrpc"
)

type testCase func(context.Context, *ttrpc.Client) error

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	switch {
	case len(arguments) == 1 && arguments[0] == "cases":
		var names []string
		for name := range cases {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return nil
	case len(arguments) == 2 && arguments[0] == "serve":
		return serve(arguments[1])
	case len(arguments) == 3 && arguments[0] == "test":
		return test(arguments[1], arguments[2])
	case len(arguments) >= 3 && arguments[0] == "bench":
		return bench(arguments[1], arguments[2:])
	}
	return fmt.Errorf("usage: peer serve SOCKET | test SOCKET CASE | cases | bench SOCKET WHAT")
}

func serve(path string) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	server, err := ttrpc.NewServer()
	if err != nil {
		return err
	}
	register(server)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		server.Close()
	}()
	fmt.Println("ready")
	if err := server.Serve(context.Background(), listener); err != ttrpc.ErrServerClosed {
		return err
	}
	return nil
}

func connect(path string) (*ttrpc.Client, error) {
	connection, err := net.Dial("unix", path)
	if err != nil {
		return nil, err
	}
	return ttrpc.NewClient(connection), nil
}

func test(path, name string) error {
	check, ok := cases[name]
	if !ok {
		return fmt.Errorf("no case %q", name)
	}
	client, err := connect(path)
	if err != nil {
		return err
	}
	defer client.Close()
	// A case that hangs is to fail, and to say so.
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	result := make(chan error, 1)
	go func() { result <- check(ctx, client) }()
	select {
	case err := <-result:
		return err
	case <-time.After(60 * time.Second):
		return fmt.Errorf("%s: no end after a minute", name)
	}
}
