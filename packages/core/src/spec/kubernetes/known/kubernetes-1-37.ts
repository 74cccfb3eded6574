/** Made by hack/record-kubernetes-settings of Kubernetes 1.37.2. */
export const kubernetes1_37 = `
== gates
APIResponseCompression=true APIServerIdentity=true APIServerWebhookAuthenticationToken=false
APIServingWithRoutine=false AggregatedDiscoveryRemoveBetaType=true! AllAlpha=false AllBeta=false
AllowDNSOnlyNodeCSR=false AllowInsecureKubeletCertificateSigningRequests=false
AllowOverwriteTerminationGracePeriodSeconds=false! AllowParsingUserUIDFromCertAuth=true
AllowServiceExternalIPs=true AllowUnsafeMalformedObjectDeletion=true AtomicFIFO=true
AtomicWriteVolumeUserFields=false AuthorizePodWebsocketUpgradeCreatePermission=true CBORServingAndStorage=false
CPUManagerPolicyAlphaOptions=false CPUManagerPolicyBetaOptions=true CPUManagerPolicyOptions=true!
CRDObservedGenerationTracking=true CRDValidationRatcheting=true! CRIListStreaming=false
CSIServiceAccountTokenSecrets=true! CSIVolumeHealth=false ChangeContainerStatusOnKubeletRestart=false
ClearingNominatedNodeNameAfterBinding=true ClientsAllowCARotation=true ClientsAllowCBOR=false
ClientsAllowTLSCacheGC=true ClientsPreferCBOR=false CloudControllerManagerWatchBasedRoutesReconciliation=false
CloudControllerManagerWebhook=false ClusterTrustBundle=true ClusterTrustBundleProjection=true
ComponentFlagz=true ComponentStatusz=true CompositePodGroup=false ConcurrentWatchObjectDecode=true
ConsistentListFromCacheSkipTimeoutFallback=false ConstrainedImpersonation=true ContainerCheckpoint=true
ContainerRestartRules=true ContainerStopSignals=false ContextualLogging=true
ControllerManagerReleaseLeaderElectionLockOnExit=false CoordinatedLeaderElection=false
CrossNamespaceVolumeDataSource=false CustomCPUCFSQuotaPeriod=true CustomResourceFieldSelectors=true!
DRAAdminAccess=true! DRAConsumableCapacity=true DRADerivedAttributes=false DRADeviceBindingConditions=true
DRADeviceCompatibilityGroups=false DRADeviceTaintRules=true DRADeviceTaints=true DRAExtendedResource=true!
DRAFractionalCapacityRange=true DRAListTypeAttributes=false DRANodeAllocatableResources=false
DRAOptionalNodeOperations=false DRAPartitionableDevices=true DRAPartitionableDevicesType=false
DRAPrioritizedList=true! DRAResourceClaimDeviceStatus=true! DRAResourceClaimGranularStatusAuthorization=true
DRAResourcePoolStatus=false DRASchedulerFilterTimeout=true DRAWorkloadResourceClaims=false
DeclarativeValidation=true! DeclarativeValidationBeta=true DeclarativeValidationTakeover=false!
DefaultPodSysctls=false DeploymentReplicaSetTerminatingReplicas=true DetectCacheInconsistency=true
DisableAllocatorDualWrite=true! DisableCPUQuotaWithExclusiveCPUs=true! DisableNodeKubeProxyVersion=true!
DynamicResourceAllocation=true! EmptyDirVolumeMode=false EnvFiles=true EtcdRangeStream=true EventedPLEG=false
EvictionRequestAPI=false ExcludeAdmissionWebhookVirtualResources=true ExecProbeTimeout=true!
ExtendWebSocketsToKubelet=true ExternalServiceAccountTokenSigner=true! GRPCContainerProbeTLS=false
GenericWorkload=false GitRepoVolumeDriver=false! GracefulNodeShutdown=true
GracefulNodeShutdownBasedOnPodPriority=true H2CContainerProbe=false HPAConfigurableTolerance=true!
HPAGeneration=true HPAOptimizedSelectorStore=true HPAScaleToZero=true HostnameOverride=true!
HugepageAwareEviction=true ImageMaximumGCAge=true! ImageVolume=true! ImageVolumeWithDigest=false
InOrderInformers=true! InOrderInformersBatchProcess=true InPlacePodLevelResourcesVerticalScaling=true
InPlacePodVerticalScaling=true! InPlacePodVerticalScalingExclusiveCPUs=false
InPlacePodVerticalScalingExclusiveMemory=false InPlacePodVerticalScalingInitContainers=true!
InPlacePodVerticalScalingMemoryBackedVolumes=false InPlacePodVerticalScalingSchedulerPreemption=false
InformerResourceVersion=true InterPodAffinityHostnameFastPath=false JobManagedBy=true! KMSv1=false
KubeProxyIPVS=true KubeProxyNFTablesLocalhostNodePorts=false KubeletAllocatedPodsEndpoint=false
KubeletCgroupDriverFromCRI=true! KubeletCrashLoopBackOffMax=true KubeletEnsureSecretPulledImages=true
KubeletFineGrainedAuthz=true! KubeletInUserNamespace=true KubeletPSI=true!
KubeletPodResourcesDynamicResources=true! KubeletPodResourcesGet=true!
KubeletPodResourcesListUseActivePods=true KubeletRegistrationGetOnExistsOnly=false KubeletSeparateDiskGC=true
KubeletServiceAccountTokenForCredentialProviders=true KubeletTracing=true! ListFromCacheSnapshot=true
LocalStorageCapacityIsolationFSQuotaMonitoring=false LoggingAlphaOptions=false LoggingBetaOptions=true
ManifestBasedAdmissionControlConfig=true MatchLabelKeysInPodAffinity=true!
MatchLabelKeysInPodTopologySpread=true MatchLabelKeysInPodTopologySpreadSelectorMerge=true
MaxUnavailableStatefulSet=true MemoryQoS=true MultiCIDRServiceAllocator=true!
MutableCSINodeAllocatableCount=true! MutablePVNodeAffinity=false MutablePodResourcesForSuspendedJobs=true
MutableSchedulingDirectivesForSuspendedJobs=true MutatingAdmissionPolicy=true NFTablesNetlink=true
NFTablesProxyMode=true! NativeHistograms=true NodeControllerLeaseCircuitBreaker=true NodeDeclaredFeatures=true!
NodeInclusionPolicyInPodTopologySpread=true! NodeLifecycleConditions=false NodeLogQuery=true! NodeSwap=true!
NominatedNodeNameForExpectation=true OpenAPIEnums=true OpportunisticBatching=true PLEGOnDemandRelist=true!
PersistentVolumeClaimUnusedSinceTime=true PodAndContainerStatsFromCRI=false PodCertificateRequest=true
PodDeletionCost=true PodGroupPreemptionPolicy=false PodLevelResourceManagers=false PodLevelResources=true
PodLevelResourcesFixDefaulting=true PodLevelResourcesFixKubeletQOSClass=true PodLogsQuerySplitStreams=false
PodObservedGenerationTracking=true! PodReadyToStartContainersCondition=true! PodSchedulingReadiness=true!
PodTopologyLabelsAdmission=true PodsAPI=true PortForwardWebsockets=true PreferSameTrafficDistribution=true!
ProcMountType=true! QOSReserved=false RecoverVolumeExpansionFailure=true! RecursiveReadOnlyMounts=true!
ReduceDefaultCrashLoopBackOffDecay=false RelaxedEnvironmentVariableValidation=true!
RelaxedServiceNameValidation=true! ReloadKubeletClientCAFile=true ReloadKubeletServerCertificateFile=true
RemoteRequestHeaderUID=true ResourceHealthStatus=true ResourceHealthStatusMessage=true
RestartAllContainersOnContainerExits=true RotateKubeletServerCertificate=true RuntimeClassInImageCriApi=false
SELinuxChangePolicy=true! SELinuxMount=true SELinuxMountReadWriteOncePod=true! SchedulerAsyncAPICalls=false
SchedulerAsyncPreemption=true SchedulerPopFromBackoffQ=true SchedulerPreQueueingHints=false
SeparateCacheWatchRPC=false! SeparateTaintEvictionController=true! ServiceAccountNodeAudienceRestriction=true
ServiceAccountTokenJTI=true! ServiceAccountTokenNodeBinding=true!
ServiceAccountTokenNodeBindingValidation=true! ServiceAccountTokenPodNodeInfo=true!
ServiceCIDRStatusFieldWiping=true ShardedListAndWatch=false SizeBasedListCostEstimate=true
StaleControllerConsistencyDaemonSet=true StaleControllerConsistencyHPA=true StaleControllerConsistencyJob=true
StaleControllerConsistencyReplicaSet=true StaleControllerConsistencyStatefulSet=true
StatefulSetRecreateStrategy=false StatefulSetSemanticRevisionComparison=true StorageCapacityScoring=true
StorageNamespaceIndex=true StorageVersionAPI=false StorageVersionHash=true StorageVersionMigrator=true
StrictIPCIDRValidation=true StructuredAuthenticationConfigurationEgressSelector=true
StructuredAuthenticationConfigurationJWKSMetrics=true SupplementalGroupsPolicy=true! SystemdWatchdog=true!
TaintTolerationComparisonOperators=false TokenRequestServiceAccountUIDValidation=true
TopologyAwareWorkloadScheduling=false TopologyManagerPolicyAlphaOptions=false
TopologyManagerPolicyBetaOptions=true TopologyManagerPolicyOptions=true!
TranslateStreamCloseWebsocketRequests=true UnauthenticatedHTTP2DOSMitigation=true
UnknownVersionInteroperabilityProxy=true UnlockWhileProcessingFIFO=true UserNamespacesHostNetworkSupport=false
UserNamespacesSupport=true! VolumeAttributesClass=true! VolumeBindMountOptions=false VolumeLimitScaling=true
WatchCacheInitializationPostStartHook=true! WatchList=true WatchListClient=true WatchListCompression=true
WebhookRoundTripLoadBalancing=true WinDSR=true! WinOverlay=true! WindowsCPUAndMemoryAffinity=false
WindowsGracefulNodeShutdown=true WindowsHostNetwork=false WorkloadWithJob=false
== flags kube-apiserver
admission-control admission-control-config-file advertise-address aggregator-reject-forwarding-redirect
allow-metric-labels allow-metric-labels-manifest allow-privileged anonymous-auth api-audiences apiserver-count
audit-log-batch-buffer-size audit-log-batch-max-size audit-log-batch-max-wait audit-log-batch-throttle-burst
audit-log-batch-throttle-enable audit-log-batch-throttle-qps audit-log-compress audit-log-format
audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode audit-log-path audit-log-truncate-enabled
audit-log-truncate-max-batch-size audit-log-truncate-max-event-size audit-log-version audit-policy-file
audit-webhook-batch-buffer-size audit-webhook-batch-initial-backoff audit-webhook-batch-max-size
audit-webhook-batch-max-wait audit-webhook-batch-throttle-burst audit-webhook-batch-throttle-enable
audit-webhook-batch-throttle-qps audit-webhook-config-file audit-webhook-initial-backoff audit-webhook-mode
audit-webhook-truncate-enabled audit-webhook-truncate-max-batch-size audit-webhook-truncate-max-event-size
audit-webhook-version authentication-config authentication-token-webhook-cache-ttl
authentication-token-webhook-config-file authentication-token-webhook-version authorization-config
authorization-mode authorization-policy-file authorization-webhook-cache-authorized-ttl
authorization-webhook-cache-unauthorized-ttl authorization-webhook-config-file authorization-webhook-version
bind-address cert-dir client-ca-file contention-profiling coordinated-leadership-lease-duration
coordinated-leadership-renew-deadline coordinated-leadership-retry-period cors-allowed-origins
debug-socket-path default-not-ready-toleration-seconds default-unreachable-toleration-seconds
default-watch-cache-size delete-collection-workers disable-admission-plugins disable-http2-serving
disabled-metrics egress-selector-config-file emulated-version emulation-forward-compatible
enable-admission-plugins enable-aggregator-routing enable-bootstrap-token-auth enable-garbage-collector
enable-logs-handler enable-priority-and-fairness encryption-provider-config
encryption-provider-config-automatic-reload endpoint-reconciler-type etcd-cafile etcd-certfile
etcd-compaction-interval etcd-count-metric-poll-period etcd-db-metric-poll-interval etcd-healthcheck-timeout
etcd-keyfile etcd-prefix etcd-readycheck-timeout etcd-servers etcd-servers-overrides event-ttl
external-hostname feature-gates goaway-chance help http2-max-streams-per-connection
kubelet-certificate-authority kubelet-client-certificate kubelet-client-key kubelet-port
kubelet-preferred-address-types kubelet-read-only-port kubelet-timeout kubernetes-service-node-port
lease-reuse-duration-seconds livez-grace-period log-flush-frequency log-text-info-buffer-size
log-text-split-stream logging-format max-connection-bytes-per-sec max-mutating-requests-inflight
max-requests-inflight min-compatibility-version min-request-timeout oidc-ca-file oidc-client-id
oidc-groups-claim oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs oidc-username-claim
oidc-username-prefix peer-advertise-ip peer-advertise-port peer-ca-file permit-address-sharing
permit-port-sharing profiling proxy-client-cert-file proxy-client-key-file request-timeout
requestheader-allowed-names requestheader-client-ca-file requestheader-extra-headers-prefix
requestheader-group-headers requestheader-uid-headers requestheader-username-headers runtime-config
runtime-config-emulation-forward-compatible secure-port service-account-extend-token-expiration
service-account-issuer service-account-jwks-uri service-account-key-file service-account-lookup
service-account-max-token-expiration service-account-signing-endpoint service-account-signing-key-file
service-cluster-ip-range service-node-port-range show-hidden-metrics-for-version shutdown-delay-duration
shutdown-send-retry-after shutdown-watch-termination-grace-period storage-backend
storage-initialization-timeout storage-media-type strict-transport-security-directives tls-cert-file
tls-cipher-suites tls-curve-preferences tls-min-version tls-private-key-file tls-sni-cert-key token-auth-file
tracing-config-file v version vmodule watch-cache watch-cache-sizes
== flags kube-controller-manager
allocate-node-cidrs allow-metric-labels allow-metric-labels-manifest allow-untagged-cloud
attach-detach-reconcile-sync-period authentication-kubeconfig authentication-skip-lookup
authentication-token-webhook-cache-ttl authentication-tolerate-lookup-failure authorization-always-allow-paths
authorization-kubeconfig authorization-webhook-cache-authorized-ttl
authorization-webhook-cache-unauthorized-ttl bind-address cert-dir cidr-allocator-type client-ca-file
cloud-config cloud-provider cluster-cidr cluster-name cluster-signing-cert-file cluster-signing-duration
cluster-signing-key-file cluster-signing-kube-apiserver-client-cert-file
cluster-signing-kube-apiserver-client-key-file cluster-signing-kubelet-client-cert-file
cluster-signing-kubelet-client-key-file cluster-signing-kubelet-serving-cert-file
cluster-signing-kubelet-serving-key-file cluster-signing-legacy-unknown-cert-file
cluster-signing-legacy-unknown-key-file concurrent-cron-job-syncs concurrent-daemonset-syncs
concurrent-deployment-syncs concurrent-device-taint-eviction-syncs concurrent-disruption-syncs
concurrent-endpoint-syncs concurrent-ephemeralvolume-syncs concurrent-gc-syncs
concurrent-horizontal-pod-autoscaler-syncs concurrent-job-syncs concurrent-namespace-syncs
concurrent-replicaset-syncs concurrent-resource-quota-syncs concurrent-resourceclaim-syncs
concurrent-service-endpoint-syncs concurrent-serviceaccount-token-syncs concurrent-statefulset-syncs
concurrent-ttl-after-finished-syncs concurrent-validating-admission-policy-status-syncs concurrent_rc_syncs
configure-cloud-routes contention-profiling controller-shutdown-timeout controller-start-interval controllers
disable-attach-detach-reconcile-sync disable-force-detach-on-timeout disable-http2-serving disabled-metrics
emulated-version enable-dynamic-provisioning enable-garbage-collector enable-hostpath-provisioner
enable-leader-migration endpoint-updates-batch-period endpointslice-updates-batch-period
external-cloud-volume-plugin feature-gates flex-volume-plugin-dir help
horizontal-pod-autoscaler-cpu-initialization-period horizontal-pod-autoscaler-downscale-stabilization
horizontal-pod-autoscaler-initial-readiness-delay horizontal-pod-autoscaler-sync-period
horizontal-pod-autoscaler-tolerance http2-max-streams-per-connection kube-api-burst kube-api-content-type
kube-api-qps kubeconfig large-cluster-size-threshold leader-elect leader-elect-lease-duration
leader-elect-renew-deadline leader-elect-resource-lock leader-elect-resource-name
leader-elect-resource-namespace leader-elect-retry-period leader-migration-config
legacy-service-account-token-clean-up-period log-flush-frequency log-text-info-buffer-size
log-text-split-stream logging-format master max-endpoints-per-slice min-compatibility-version min-resync-period
mirroring-concurrent-service-endpoint-syncs mirroring-endpointslice-updates-batch-period
mirroring-max-endpoints-per-subset namespace-sync-period node-cidr-mask-size node-cidr-mask-size-ipv4
node-cidr-mask-size-ipv6 node-eviction-rate node-monitor-grace-period node-monitor-period
node-startup-grace-period node-sync-period permit-address-sharing permit-port-sharing profiling
pv-recycler-increment-timeout-nfs pv-recycler-minimum-timeout-hostpath pv-recycler-minimum-timeout-nfs
pv-recycler-pod-template-filepath-hostpath pv-recycler-pod-template-filepath-nfs
pv-recycler-timeout-increment-hostpath pvclaimbinder-sync-period requestheader-allowed-names
requestheader-client-ca-file requestheader-extra-headers-prefix requestheader-group-headers
requestheader-uid-headers requestheader-username-headers resource-quota-sync-period root-ca-file
route-reconciliation-period secondary-node-eviction-rate secure-port service-account-private-key-file
service-cluster-ip-range show-hidden-metrics-for-version terminated-pod-gc-threshold tls-cert-file
tls-cipher-suites tls-curve-preferences tls-min-version tls-private-key-file tls-sni-cert-key
unhealthy-zone-threshold use-service-account-credentials v version vmodule
== flags kube-scheduler
allow-metric-labels allow-metric-labels-manifest authentication-kubeconfig authentication-skip-lookup
authentication-token-webhook-cache-ttl authentication-tolerate-lookup-failure authorization-always-allow-paths
authorization-kubeconfig authorization-webhook-cache-authorized-ttl
authorization-webhook-cache-unauthorized-ttl bind-address cert-dir client-ca-file config contention-profiling
disable-http2-serving disabled-metrics emulated-version feature-gates help http2-max-streams-per-connection
kube-api-burst kube-api-content-type kube-api-qps kubeconfig leader-elect leader-elect-lease-duration
leader-elect-renew-deadline leader-elect-resource-lock leader-elect-resource-name
leader-elect-resource-namespace leader-elect-retry-period log-flush-frequency log-text-info-buffer-size
log-text-split-stream logging-format master min-compatibility-version permit-address-sharing
permit-port-sharing pod-max-in-unschedulable-pods-duration profiling requestheader-allowed-names
requestheader-client-ca-file requestheader-extra-headers-prefix requestheader-group-headers
requestheader-uid-headers requestheader-username-headers secure-port show-hidden-metrics-for-version
tls-cert-file tls-cipher-suites tls-curve-preferences tls-min-version tls-private-key-file tls-sni-cert-key v
version vmodule write-config-to
== groups
admission.k8s.io admissionregistration.k8s.io apiextensions.k8s.io apiregistration.k8s.io apps
authentication.k8s.io authorization.k8s.io autoscaling batch certificates.k8s.io coordination.k8s.io
discovery.k8s.io events.k8s.io extensions flowcontrol.apiserver.k8s.io imagepolicy.k8s.io
internal.apiserver.k8s.io lifecycle.k8s.io networking.k8s.io node.k8s.io policy rbac.authorization.k8s.io
resource.k8s.io scheduling.k8s.io storage.k8s.io storagemigration.k8s.io
== kubelet
address:text allowedUnsafeSysctls:list authentication.anonymous.enabled:boolean authentication.anonymous:object
authentication.webhook.cacheTTL:any authentication.webhook.enabled:boolean authentication.webhook:object
authentication.x509.clientCAFile:text authentication.x509:object authentication:object authorization.mode:text
authorization.webhook.cacheAuthorizedTTL:any authorization.webhook.cacheUnauthorizedTTL:any
authorization.webhook:object authorization:object cgroupDriver:text cgroupRoot:text cgroupsPerQOS:boolean
clusterDNS:list clusterDomain:text configMapAndSecretChangeDetectionStrategy:text containerLogMaxFiles:number
containerLogMaxSize:text containerLogMaxWorkers:number containerLogMonitorInterval:any
containerRuntimeEndpoint:text contentType:text cpuCFSQuota:boolean cpuCFSQuotaPeriod:any cpuManagerPolicy:text
cpuManagerPolicyOptions:map cpuManagerReconcilePeriod:any crashLoopBackOff.maxContainerRestartPeriod:any
crashLoopBackOff:object defaultPodSysctls:map enableContentionProfiling:boolean
enableControllerAttachDetach:boolean enableDebugFlagsHandler:boolean enableDebuggingHandlers:boolean
enableProfilingHandler:boolean enableServer:boolean enableSystemLogHandler:boolean enableSystemLogQuery:boolean
enforceNodeAllocatable:list eventBurst:number eventRecordQPS:number evictionHard:map
evictionMaxPodGracePeriod:number evictionMinimumReclaim:map evictionPressureTransitionPeriod:any
evictionSoft:map evictionSoftGracePeriod:map failCgroupV1:boolean failSwapOn:boolean featureGates:map
fileCheckFrequency:any hairpinMode:text healthzBindAddress:text healthzPort:number httpCheckFrequency:any
imageGCHighThresholdPercent:number imageGCLowThresholdPercent:number imageMaximumGCAge:any
imageMinimumGCAge:any imagePullCredentialsVerificationPolicy:text imageServiceEndpoint:text
iptablesDropBit:number iptablesMasqueradeBit:number kernelMemcgNotification:boolean kubeAPIBurst:number
kubeAPIQPS:number kubeReserved:map kubeReservedCgroup:text kubeletCgroups:text
localStorageCapacityIsolation:boolean logging.flushFrequency:any logging.format:text
logging.options.json.infoBufferSize:any logging.options.json.splitStream:boolean logging.options.json:object
logging.options.text.infoBufferSize:any logging.options.text.splitStream:boolean logging.options.text:object
logging.options:object logging.verbosity:number logging.vmodule:list logging:object
makeIPTablesUtilChains:boolean maxOpenFiles:number maxParallelImagePulls:number maxPods:number
memoryManagerPolicy:text memoryReservationPolicy:text memorySwap.swapBehavior:text memorySwap:object
memoryThrottlingFactor:number mergeDefaultEvictionSettings:boolean nodeLeaseDurationSeconds:number
nodeStatusMaxImages:number nodeStatusReportFrequency:any nodeStatusUpdateFrequency:any oomScoreAdj:number
podCIDR:text podLogsDir:text podPidsLimit:number podsPerCore:number port:number
preloadedImagesVerificationAllowlist:list protectKernelDefaults:boolean providerID:text qosReserved:map
readOnlyPort:number registerNode:boolean registerWithTaints:list registryBurst:number registryPullQPS:number
reservedMemory:list reservedSystemCPUs:text resolvConf:text rotateCertificates:boolean runOnce:boolean
runtimeRequestTimeout:any seccompDefault:boolean serializeImagePulls:boolean serverTLSBootstrap:boolean
showHiddenMetricsForVersion:text shutdownGracePeriod:any shutdownGracePeriodByPodPriority:list
shutdownGracePeriodCriticalPods:any singleProcessOOMKill:boolean staticPodPath:text staticPodURL:text
staticPodURLHeader:map streamingConnectionIdleTimeout:any syncFrequency:any systemCgroups:text
systemReserved:map systemReservedCgroup:text tlsCertFile:text tlsCipherSuites:list tlsCurvePreferences:list
tlsMinVersion:text tlsPrivateKeyFile:text topologyManagerPolicy:text topologyManagerPolicyOptions:map
topologyManagerScope:text tracing.endpoint:text tracing.samplingRatePerMillion:number tracing:object
userNamespaces.idsPerPod:number userNamespaces:object volumePluginDir:text volumeStatsAggPeriod:any
== kube-proxy
bindAddress:text bindAddressHardFail:boolean clientConnection.acceptContentTypes:text
clientConnection.burst:number clientConnection.contentType:text clientConnection.kubeconfig:text
clientConnection.qps:number clientConnection:object clusterCIDR:text configSyncPeriod:any
conntrack.maxPerCore:number conntrack.min:number conntrack.tcpBeLiberal:boolean
conntrack.tcpCloseWaitTimeout:any conntrack.tcpEstablishedTimeout:any conntrack.udpStreamTimeout:any
conntrack.udpTimeout:any conntrack:object detectLocal.bridgeInterface:text detectLocal.interfaceNamePrefix:text
detectLocal:object detectLocalMode:text enableProfiling:boolean featureGates:map healthzBindAddress:text
hostnameOverride:text iptables.localhostNodePorts:boolean iptables.masqueradeAll:boolean
iptables.masqueradeBit:number iptables.minSyncPeriod:any iptables.syncPeriod:any iptables:object
ipvs.excludeCIDRs:list ipvs.minSyncPeriod:any ipvs.scheduler:text ipvs.strictARP:boolean ipvs.syncPeriod:any
ipvs.tcpFinTimeout:any ipvs.tcpTimeout:any ipvs.udpTimeout:any ipvs:object logging.flushFrequency:any
logging.format:text logging.options.json.infoBufferSize:any logging.options.json.splitStream:boolean
logging.options.json:object logging.options.text.infoBufferSize:any logging.options.text.splitStream:boolean
logging.options.text:object logging.options:object logging.verbosity:number logging.vmodule:list logging:object
metricsBindAddress:text mode:text nftables.masqueradeAll:boolean nftables.masqueradeBit:number
nftables.minSyncPeriod:any nftables.syncPeriod:any nftables:object nodePortAddresses:list oomScoreAdj:number
portRange:text showHiddenMetricsForVersion:text windowsRunAsService:boolean winkernel.enableDSR:boolean
winkernel.forwardHealthCheckVip:boolean winkernel.networkName:text winkernel.rootHnsEndpointName:text
winkernel.sourceVip:text winkernel:object
`
