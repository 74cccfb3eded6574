// Package subresources is the aggregated API subresources.kubevirt.io, as far as a client of VMs needs it.
package subresources

import (
	"encoding/json"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"knest.dev/e2e/kubevirt-stand-in/internal/kubevirt"
)

// Group and Versions are what the aggregator sends here.
const Group = "subresources.kubevirt.io"

var Versions = []string{"v1", "v1alpha3"}

// The resources that can be discovered. As with the real one, virtualmachines/portforward is served but not listed.
var discoverable = []string{"virtualmachineinstances/portforward", "virtualmachines/start", "virtualmachines/stop", "virtualmachines/restart"}

type api struct {
	kube client.Client
	// Asks the API itself, as the real one does: whoever has seen a VM stopped is told so.
	direct client.Reader
}

// Handler serves the API to the aggregator, which has authorized each request by the cluster's RBAC.
func Handler(kube client.Client, direct client.Reader) http.Handler {
	own := api{kube, direct}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /apis/"+Group, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, group()) })
	for _, version := range Versions {
		base := "/apis/" + Group + "/" + version
		mux.HandleFunc("GET "+base, func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, resources(version)) })
		in := base + "/namespaces/{namespace}/"
		for path, find := range map[string]finder{"virtualmachineinstances": own.instance, "virtualmachines": own.instanceOfVM} {
			mux.HandleFunc("GET "+in+path+"/{name}/portforward/{port}", own.portForward(find))
			mux.HandleFunc("GET "+in+path+"/{name}/portforward/{port}/{protocol}", own.portForward(find))
		}
		mux.HandleFunc("PUT "+in+"virtualmachines/{name}/start", own.start)
		mux.HandleFunc("PUT "+in+"virtualmachines/{name}/stop", own.stop)
		mux.HandleFunc("PUT "+in+"virtualmachines/{name}/restart", own.restart)
	}
	return mux
}

func group() metav1.APIGroup {
	versions := []metav1.GroupVersionForDiscovery{}
	for _, version := range Versions {
		versions = append(versions, metav1.GroupVersionForDiscovery{GroupVersion: Group + "/" + version, Version: version})
	}
	return metav1.APIGroup{
		TypeMeta: metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}, Name: Group, Versions: versions, PreferredVersion: versions[0],
	}
}

func resources(version string) metav1.APIResourceList {
	list := metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: Group + "/" + version,
	}
	for _, name := range discoverable {
		// No kind and no verbs: so does the real one, and so kubectl cannot name them in a role (observed 30).
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: name, Namespaced: true})
	}
	return list
}

func writeJSON(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(value) //nolint:errcheck // the client is gone
}

// writeError answers with a Status, as every error of this API is told before the upgrade (observed 25).
func writeError(w http.ResponseWriter, err error) {
	status := metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error(), Reason: metav1.StatusReasonInternalError}
	if known, ok := err.(apierrors.APIStatus); ok { //nolint:errorlint // wrapped ones are not answers
		status = known.Status()
	}
	status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	writeJSON(w, int(status.Code), status)
}

func (a api) get(r *http.Request, kind string) (*kubevirt.VirtualMachine, *kubevirt.VirtualMachineInstance, error) {
	key := client.ObjectKey{Namespace: r.PathValue("namespace"), Name: r.PathValue("name")}
	gvk := kubevirt.VMIKind
	if kind == "virtualmachine" {
		gvk = kubevirt.VMKind
	}
	object := kubevirt.NewObject(gvk)
	if err := a.direct.Get(r.Context(), key, object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil, apierrors.NewNotFound(resource(kind), key.Name)
		}
		return nil, nil, apierrors.NewInternalError(err)
	}
	if kind == "virtualmachine" {
		vm, err := kubevirt.View[kubevirt.VirtualMachine](object)
		return vm, nil, err
	}
	vmi, err := kubevirt.View[kubevirt.VirtualMachineInstance](object)
	return nil, vmi, err
}
