/** Where containerd looks for what it is told of registries, at each pull. */
export const registriesFolder = '/etc/containerd/certs.d'

/** Where kubelet looks for credentials, before any pod names some. */
export const credentialsFile = '/var/lib/kubelet/config.json'

/**
 * Tells what was written of registries, by knest and nobody else: a digest in its first line, then `host FOLDER` for
 * each, and `credentials`.
 */
export const registriesMarker = '/var/lib/knest/registries'

/** Bash lines that print the digest, or another word when something of it is gone. */
export const registriesQuestion = `if [ -s ${registriesMarker} ]; then
  {
    read -r digest
    while read -r what folder; do
      if [ "$what" = host ] && [ ! -s "${registriesFolder}/$folder/hosts.toml" ]; then digest=incomplete
      elif [ "$what" = credentials ] && [ ! -s ${credentialsFile} ]; then digest=incomplete; fi
    done
  } <${registriesMarker}
  echo "registries $digest"
fi
`
