package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap/zapcore"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"knest.dev/e2e/kubevirt-stand-in/internal/controller"
	"knest.dev/e2e/kubevirt-stand-in/internal/serving"
)

// serve is the controller and the API of the stand-in: all but the launchers.
func serve(arguments []string) error {
	settings := controller.Settings{}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&settings.Engine, "engine", controller.EngineContainer, "what a machine is: container or qemu")
	flags.StringVar(&settings.Image, "image", "", "the stand-in's own image")
	flags.StringVar(&settings.NodeImage, "node-image", "", "what a machine of the engine container runs when its disks name no image")
	flags.StringVar(&settings.QEMUImage, "qemu-image", "", "the image with QEMU")
	flags.DurationVar(&settings.BootDelay, "boot-delay", time.Second, "how long a booting container machine has no network")
	flags.DurationVar(&settings.SSHDelay, "ssh-delay", 2*time.Second, "how long after that its sshd begins to listen")
	flags.DurationVar(&settings.TeardownDelay, "teardown-delay", time.Second, "the work after a machine's end (about 9s with the real KubeVirt)")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if settings.Engine != controller.EngineContainer && settings.Engine != controller.EngineQEMU {
		return fmt.Errorf("--engine must be container or qemu, not %q", settings.Engine)
	}
	ctrl.SetLogger(zap.New(zap.StacktraceLevel(zapcore.PanicLevel)))
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	// A test must not wait for the client's own limits.
	config.QPS, config.Burst = 100, 200
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 clientscheme.Scheme,
		Metrics:                metrics.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Client:                 client.Options{Cache: &client.CacheOptions{Unstructured: true}},
	})
	if err != nil {
		return err
	}
	if err := controller.SetUp(manager, settings); err != nil {
		return err
	}
	server, err := serving.New(manager, os.Getenv("POD_NAMESPACE"))
	if err != nil {
		return err
	}
	if err := manager.Add(server); err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
