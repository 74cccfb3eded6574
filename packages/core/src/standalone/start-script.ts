import { standalonePaths } from './names.js'

/**
 * PID 1 of every node: it becomes the node's init, and beside it the node sets itself up. That runs in the
 * mount namespace which init makes, and again until it succeeds.
 */
export const startScript = `#!/bin/bash
set -euo pipefail
for address in "$KNEST_API_ADDRESS" "\${KNEST_IDENTITY-}"; do
  if [[ $address == '$('* ]]; then
    echo "knest: the Service of $address had no address when this container started: it is started again" >&2
    sleep 1
    exit 1
  fi
done
# The pod's /run outlives the container: init would find its own socket there.
rm -rf /run/knest
grep -qF " $KNEST_API_NAME" /etc/hosts || echo "$KNEST_API_ADDRESS $KNEST_API_NAME" >>/etc/hosts
(
  until knest-init ready --wait 300 >/dev/null 2>&1; do sleep 1; done
  until nsenter --target 1 --mount --cgroup bash ${standalonePaths.settings}/set-up; do
    echo 'knest: the node is not set up yet, next try in 5 s' >&2
    sleep 5
  done
  echo 'knest: the node is set up' >&2
) &
exec /usr/local/bin/knest-init
`
