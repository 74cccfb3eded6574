// The kubernetes-settings command prints what the programs of one Kubernetes version take: feature gates, flags,
// groups of the API, and the fields of kubelet's and kube-proxy's configuration. hack/record-kubernetes-settings
// compiles it with the modules of images/node/kubernetes, and so with what a node runs.
package main

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apimachinery/pkg/runtime"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/component-base/featuregate"
	aggregator "k8s.io/kube-aggregator/pkg/apiserver/scheme"
	proxyconfig "k8s.io/kube-proxy/config/v1alpha1"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	_ "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	_ "k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

func main() {
	section("gates", gates())
	section("flags kube-apiserver", flags(apiserver.NewAPIServerCommand()))
	section("flags kube-controller-manager", flags(controllermanager.NewControllerManagerCommand()))
	section("flags kube-scheduler", flags(scheduler.NewSchedulerCommand()))
	section("groups", groups())
	section("kubelet", fields(reflect.TypeOf(kubeletconfig.KubeletConfiguration{}), ""))
	section("kube-proxy", fields(reflect.TypeOf(proxyconfig.KubeProxyConfiguration{}), ""))
}

func section(name string, words []string) {
	sort.Strings(words)
	fmt.Printf("== %s\n%s\n", name, strings.Join(words, "\n"))
}

// gates of all programs, as name=default; with "!" where no other value is taken.
func gates() []string {
	var words []string
	for name, versions := range utilfeature.DefaultMutableFeatureGate.GetAllVersioned() {
		newest := versions[len(versions)-1]
		lock := ""
		if newest.LockToDefault {
			lock = "!"
		}
		if newest.PreRelease == featuregate.PreAlpha {
			continue
		}
		words = append(words, fmt.Sprintf("%s=%t%s", name, newest.Default, lock))
	}
	return words
}

func flags(command *cobra.Command) []string {
	var words []string
	command.Flags().VisitAll(func(flag *pflag.Flag) { words = append(words, flag.Name) })
	return words
}

func groups() []string {
	seen := map[string]bool{}
	for _, scheme := range []*runtime.Scheme{legacyscheme.Scheme, apiextensions.Scheme, aggregator.Scheme} {
		for _, version := range scheme.PrioritizedVersionsAllGroups() {
			if version.Group != "" {
				seen[version.Group] = true
			}
		}
	}
	var words []string
	for group := range seen {
		words = append(words, group)
	}
	return words
}

// fields of a configuration, as path:kind. What a type reads by itself (a duration) may be any.
func fields(of reflect.Type, prefix string) []string {
	var words []string
	for index := range of.NumField() {
		field := of.Field(index)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if field.Type.Name() != "TypeMeta" {
				words = append(words, fields(field.Type, prefix)...)
			}
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		kind := kindOf(inner)
		words = append(words, prefix+name+":"+kind)
		if kind == "object" {
			words = append(words, fields(inner, prefix+name+".")...)
		}
	}
	return words
}

var unmarshaler = reflect.TypeOf((*interface{ UnmarshalJSON([]byte) error })(nil)).Elem()

func kindOf(of reflect.Type) string {
	if reflect.PointerTo(of).Implements(unmarshaler) {
		return "any"
	}
	switch of.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "list"
	case reflect.Map:
		return "map"
	case reflect.Struct:
		return "object"
	default:
		return "number"
	}
}
