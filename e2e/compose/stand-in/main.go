// A Kafka broker in memory where no image of Redpanda can be had: franz-go's kfake as a program, for tests. It proves how containers are
// built, started and connected, and nothing about Redpanda.
//
//	stand-in ADVERTISED-HOST   serves on port 9092
//	stand-in healthy           exit code 0 when it does
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const port = 9092

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: stand-in ADVERTISED-HOST | healthy"))
	}
	if os.Args[1] == "healthy" {
		connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err != nil {
			fail(err)
		}
		connection.Close()
		return
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.ListenFn(listenAs(os.Args[1])))
	if err != nil {
		fail(err)
	}
	fmt.Printf("stand-in for Redpanda (kfake, in memory) as %s:%d\n", os.Args[1], port)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	cluster.Close()
}

// kfake tells clients its listener's address: here the name by which the other containers know this one.
func listenAs(host string) func(network, address string) (net.Listener, error) {
	return func(network, _ string) (net.Listener, error) {
		listener, err := net.Listen(network, fmt.Sprintf("0.0.0.0:%d", port))
		if err != nil {
			return nil, err
		}
		ips, err := net.LookupIP(host)
		if err != nil {
			return nil, err
		}
		return advertised{listener, ips[0]}, nil
	}
}

type advertised struct {
	net.Listener
	ip net.IP
}

func (a advertised) Addr() net.Addr { return &net.TCPAddr{IP: a.ip, Port: port} }

func fail(err error) {
	fmt.Fprintln(os.Stderr, "stand-in:", err)
	os.Exit(1)
}
