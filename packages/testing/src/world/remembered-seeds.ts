/** Seeds that broke a promise at some time: told at each run, for ever. A fault that is mended must stay mended. */
export const rememberedSeeds: readonly number[] = [
  // Authorities made anew.
  18, 22, 40, 44, 65,
  // Nodes of others deleted.
  8, 9, 23,
  // Members nobody stands behind.
  1, 74, 94,
  // A control plane made again during an upgrade.
  7, 17,
  // The upgrade of the one that stays.
  56,
  // Only the claim is left.
  62, 82,
  // A Node object gone while its kubelet runs.
  48,
  // No network in a cluster that begins anew.
  67,
  // Two etcds, and what was not known when it was seen.
  1202, 1219, 1256, 34, 59,
  // kubeadm's configuration by a control plane that has nothing; a Node object made while its node goes.
  20057, 30042, 30063, 30138,
  // What a begin of three left, with the later faults.
  100_001, 100_003,
  // A member nobody stands behind beside an upgrade; a Lease left; creations that cannot go on.
  1_795_888_247, 1_795_888_336, 1_795_888_374, 1_795_888_449,
  // A disk that was condemned before others went; one made again during an upgrade that is to go.
  160, 1_795_888_364, 125,
  // What only tries is no writer; two control planes half-way that need each other.
  1_795_903_656, 1_795_903_707,
  // An etcd member removed whose join came to its end meanwhile; a begin of three that did not come to its end.
  1_795_911_518,
  1_795_915_291,
  // A Node object gone of the only control plane; a removal, and a join of an initial member, that were cut off.
  200_031,
  200_124, 200_340,
  // Authorities gone of a begin that a power cut had ended: there are no data of anybody.
  1_795_960_052,
  // A join that was cut off when its member had got its vote: its disk counts as empty and has data.
  1_795_952_238,
  // A control plane that is to go, away in the middle of its upgrade.
  1_795_953_068,
  // The member of one that is to go and has lost its disk; two disks that went within a moment, by two hands.
  1_795_953_292, 1_795_953_300,
  // A power cut among three that begin, one of which is set up: the others have nothing to be finished with.
  1_795_953_522,
  // A pod that goes with its StatefulSet, and is taken a moment before by another hand.
  1_795_957_034,
  // An upgrade took the environment, and with it the identity address, of a pod whose image alone was applied.
  1_795_960_464,
  // Made while a delete that had found nothing looked at what was left.
  1_795_963_608,
  // Begun with VMs. A namespace and events left, for want of discovery.
  1_795_982_110, 1_795_986_045,
  // Disks that were deleted while it was paused, and CDI's of one that was imported anew.
  1_795_986_066, 1_795_986_130,
  // Disks that were deleted and stayed until the pause.
  1_795_986_170, 1_795_986_172,
  // A cloud-init Secret, and a DataVolume, that somebody deleted and nobody made again.
  1_795_986_147, 1_795_990_340,
  // The address of a control plane that was made once more before it could go.
  1_795_990_017,
  // Members that were to go, have no disk, and were counted as those of others.
  1_795_990_116,
  // A VM that was started on a claim before it was filled, by a Job and by CDI.
  1_795_990_353, 1_795_990_381, 1_795_995_632, 1_795_995_744,
  // A right that the world did not know; a node on its way when somebody takes another's disk.
  1_795_982_211, 1_795_990_086,
  // No network in a cluster that begins anew by a plan that is made again.
  1_795_990_716,
  // VMs of all workers away with their host node: dead on empty disks, and too many to be replaced.
  1_795_998_963,
  // Of two that are to go, the one without a vote kept the other from going, and then an upgrade from beginning.
  1_795_969_022,
  // Of two workers the one goes whose disk was never set up: the other one does not run, and may have something.
  1_796_103_220,
  // A join that went on when another took its control plane away, and then had nobody behind its member.
  1_796_103_976,
]
