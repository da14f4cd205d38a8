// A stand-in where no image of Redpanda can be had: franz-go's kfake, answering to the commands that are given to Redpanda's image, and reading
// our redpanda.yaml. For tests. It proves how containers are built, told, started and connected, and nothing about Redpanda.
//
//	rpk redpanda start ...   serves, with what it has below the data directory
//	rpk cluster info ...     exit code 0 when it does
//
// kfake has one listener: STAND_IN_LISTENER names the one of redpanda.yaml, "internal" if nothing is said.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const settings = "/etc/redpanda/redpanda.yaml"

func main() {
	var err error
	switch command := strings.Join(os.Args[1:min(3, len(os.Args))], " "); command {
	case "redpanda start":
		err = serve()
	case "cluster info":
		err = ask()
	default:
		err = fmt.Errorf("only \"redpanda start\" and \"cluster info\" are understood, not %q", command)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
		os.Exit(1)
	}
}

func serve() error {
	text, err := os.ReadFile(settings)
	if err != nil {
		return err
	}
	serves, advertises, _ := strings.Cut(string(text), "advertised_kafka_api:")
	_, port, err := listener(serves)
	if err != nil {
		return err
	}
	host, advertisedPort, err := listener(advertises)
	if err != nil {
		return err
	}
	folder := regexp.MustCompile(`(?m)^ *data_directory: (\S+)`).FindStringSubmatch(string(text))
	if folder == nil {
		return fmt.Errorf("%s has no data_directory", settings)
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1), kfake.Ports(port), kfake.ListenFn(listenAs(port, host, advertisedPort)),
		// Not synced: it outlives a killed process, and machines are not killed here.
		kfake.DataDir(folder[1]),
		// As Redpanda has it.
		kfake.GroupMinSessionTimeout(6*time.Second),
	)
	if err != nil {
		return err
	}
	fmt.Printf("stand-in for Redpanda (kfake) on port %d, as %s:%d\n", port, host, advertisedPort)
	// What testcontainers waits for.
	fmt.Println("Successfully started Redpanda!")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	cluster.Close()
	return nil
}

func ask() error {
	for _, argument := range os.Args {
		if address, found := strings.CutPrefix(argument, "brokers="); found {
			connection, err := net.DialTimeout("tcp", address, time.Second)
			if err != nil {
				return err
			}
			return connection.Close()
		}
	}
	return fmt.Errorf("which broker? -X brokers=HOST:PORT")
}

func listener(text string) (host string, port int, err error) {
	name := os.Getenv("STAND_IN_LISTENER")
	if name == "" {
		name = "internal"
	}
	found := regexp.MustCompile(`\{ name: ` + name + `, address: (\S+), port: (\d+)`).FindStringSubmatch(text)
	if found == nil {
		return "", 0, fmt.Errorf("%s has no listener named %s", settings, name)
	}
	port, err = strconv.Atoi(found[2])
	return found[1], port, err
}

// kfake tells clients its listener's address: here the one that redpanda.yaml advertises.
func listenAs(port int, host string, advertisedPort int) func(network, address string) (net.Listener, error) {
	return func(network, _ string) (net.Listener, error) {
		listener, err := net.Listen(network, fmt.Sprintf("0.0.0.0:%d", port))
		if err != nil {
			return nil, err
		}
		address, err := net.ResolveIPAddr("ip4", host)
		if err != nil {
			return nil, err
		}
		return advertised{listener, &net.TCPAddr{IP: address.IP, Port: advertisedPort}}, nil
	}
}

type advertised struct {
	net.Listener
	address *net.TCPAddr
}

func (a advertised) Addr() net.Addr { return a.address }
