package kubevirt

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The phases of a VMI, in the order a healthy one goes through them (kubevirt-observed 1).
const (
	PhasePending    = "Pending"
	PhaseScheduling = "Scheduling"
	PhaseScheduled  = "Scheduled"
	PhaseRunning    = "Running"
	PhaseSucceeded  = "Succeeded"
	PhaseFailed     = "Failed"
)

type VMStatus struct {
	Conditions         []Condition   `json:"conditions,omitempty"`
	Created            bool          `json:"created,omitempty"`
	Ready              bool          `json:"ready,omitempty"`
	PrintableStatus    string        `json:"printableStatus,omitempty"`
	RunStrategy        string        `json:"runStrategy,omitempty"`
	DesiredGeneration  int64         `json:"desiredGeneration,omitempty"`
	ObservedGeneration int64         `json:"observedGeneration,omitempty"`
	StartFailure       *StartFailure `json:"startFailure,omitempty"`
}

type StartFailure struct {
	ConsecutiveFailCount int64        `json:"consecutiveFailCount,omitempty"`
	LastFailedVMIUID     string       `json:"lastFailedVMIUID,omitempty"`
	RetryAfterTimestamp  *metav1.Time `json:"retryAfterTimestamp,omitempty"`
}

type VMIStatus struct {
	Phase                     string            `json:"phase,omitempty"`
	PhaseTransitionTimestamps []PhaseTransition `json:"phaseTransitionTimestamps,omitempty"`
	Conditions                []Condition       `json:"conditions,omitempty"`
	NodeName                  string            `json:"nodeName,omitempty"`
	ActivePods                map[string]string `json:"activePods,omitempty"`
	Interfaces                []InterfaceStatus `json:"interfaces,omitempty"`
	QOSClass                  string            `json:"qosClass,omitempty"`
}

type PhaseTransition struct {
	Phase                    string      `json:"phase"`
	PhaseTransitionTimestamp metav1.Time `json:"phaseTransitionTimestamp"`
}

type InterfaceStatus struct {
	Name             string   `json:"name,omitempty"`
	IPAddress        string   `json:"ipAddress,omitempty"`
	IPAddresses      []string `json:"ipAddresses,omitempty"`
	MAC              string   `json:"mac,omitempty"`
	InfoSource       string   `json:"infoSource,omitempty"`
	LinkState        string   `json:"linkState,omitempty"`
	PodInterfaceName string   `json:"podInterfaceName,omitempty"`
	QueueCount       int64    `json:"queueCount,omitempty"`
}

// Condition has its times as KubeVirt writes them: null when it has none.
type Condition struct {
	Type               string       `json:"type"`
	Status             string       `json:"status"`
	Reason             string       `json:"reason,omitempty"`
	Message            string       `json:"message,omitempty"`
	LastProbeTime      *metav1.Time `json:"lastProbeTime"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime"`
}

// FindCondition gives the condition of a type, or nil.
func FindCondition(conditions []Condition, kind string) *Condition {
	at := slices.IndexFunc(conditions, func(condition Condition) bool { return condition.Type == kind })
	if at < 0 {
		return nil
	}
	return &conditions[at]
}

// SetCondition replaces the condition of that type, and keeps its time when nothing of it changed.
func SetCondition(conditions []Condition, wanted Condition) []Condition {
	known := FindCondition(conditions, wanted.Type)
	if known == nil {
		return append(conditions, wanted)
	}
	if known.Status == wanted.Status {
		wanted.LastTransitionTime = known.LastTransitionTime
	}
	*known = wanted
	return conditions
}

// DropCondition removes the condition of a type.
func DropCondition(conditions []Condition, kind string) []Condition {
	return slices.DeleteFunc(conditions, func(condition Condition) bool { return condition.Type == kind })
}

// HasRun tells whether the VMI's domain ever ran: only starts that never did count as failed (observed 4).
func (vmi *VirtualMachineInstance) HasRun() bool {
	return slices.ContainsFunc(vmi.Status.PhaseTransitionTimestamps, func(transition PhaseTransition) bool {
		return transition.Phase == PhaseRunning
	})
}

// IsFinal tells whether the VMI's domain has ended for good.
func (vmi *VirtualMachineInstance) IsFinal() bool {
	return vmi.Status.Phase == PhaseSucceeded || vmi.Status.Phase == PhaseFailed
}

// GraceSeconds is how long the VM may take to shut down.
func (vmi *VirtualMachineInstance) GraceSeconds() int64 {
	if grace := vmi.Spec.TerminationGracePeriodSeconds; grace != nil {
		return *grace
	}
	return DefaultGraceSeconds
}

// EnterPhase notes when a phase began.
func (status *VMIStatus) EnterPhase(phase string, now metav1.Time) {
	if status.Phase == phase {
		return
	}
	status.Phase = phase
	status.PhaseTransitionTimestamps = append(status.PhaseTransitionTimestamps, PhaseTransition{phase, now})
}
