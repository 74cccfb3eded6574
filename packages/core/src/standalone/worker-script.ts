import { bootstrappedMarker } from '../node/disk.js'
import { standalonePaths } from './names.js'

const { settings, secrets } = standalonePaths

/** Gives a worker what `kubeadm join` would leave behind. Repeatable; does nothing on a disk that has it. */
export const workerScript = `set -euo pipefail
exec 9>/run/knest-bootstrap.lock
flock 9
[ -e ${bootstrappedMarker} ] && exit 0
mkdir -p /etc/kubernetes/manifests /etc/kubernetes/pki
install -m 644 ${secrets}/ca.crt /etc/kubernetes/pki/ca.crt
install -m 644 ${settings}/config.yaml ${settings}/instance-config.yaml ${settings}/kubeadm-flags.env /var/lib/kubelet/
install -m 600 ${secrets}/kubelet.conf /etc/kubernetes/kubelet.conf
systemctl start kubelet
touch ${bootstrappedMarker}
`
