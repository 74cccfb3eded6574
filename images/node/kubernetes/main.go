// The kubernetes command is every Kubernetes program of a node in one file: it acts as the
// program it is called as (a link named kubelet is kubelet). One file means one copy on disk
// and in the page cache for seven programs.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // CronJob time zones

	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's client auth plugins
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubeadm "k8s.io/kubernetes/cmd/kubeadm/app"
	kubeadmerrors "k8s.io/kubernetes/cmd/kubeadm/app/util/errors"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

var programs = map[string]func() int{
	"kube-apiserver":          daemon(func() int { return cli.Run(apiserver.NewAPIServerCommand()) }),
	"kube-controller-manager": daemon(func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) }),
	"kube-proxy":              daemon(func() int { return cli.Run(proxy.NewProxyCommand()) }),
	"kube-scheduler":          daemon(func() int { return cli.Run(scheduler.NewSchedulerCommand()) }),
	"kubeadm":                 func() int { kubeadmerrors.HandleError(kubeadm.Run()); return 0 },
	"kubectl":                 runKubectl,
	"kubelet":                 daemon(func() int { return cli.Run(kubelet.NewKubeletCommand(context.Background())) }),
}

// timerSlack is how much later than asked a daemon may wake up of itself. Its hundreds of timers (a metric
// of every work queue twice a second, a bookmark of every watch cache once) then expire in groups, which
// saves two fifths of what an idle control plane costs. What arrives on a socket wakes it at once, as ever.
const timerSlack = 20 * time.Millisecond

func daemon(run func() int) func() int {
	return func() int {
		// Threads to come inherit it. It is no condition of anything: a failure changes nothing else.
		syscall.AllThreadsSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, uintptr(timerSlack), 0) //nolint:errcheck
		return run()
	}
}

func runKubectl() int {
	logs.GlogSetter(kubectl.GetLogVerbosity(os.Args)) //nolint:errcheck // kubectl itself ignores it
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
	return 0
}

func main() {
	name := filepath.Base(os.Args[0])
	if _, known := programs[name]; !known && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	run, known := programs[name]
	if !known {
		names := make([]string, 0, len(programs))
		for n := range programs {
			names = append(names, n)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "%q is not one of %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run())
}
