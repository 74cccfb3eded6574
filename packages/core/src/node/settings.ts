/** Holds the digest of the settings that a change has given the node; not there while it is given others. */
export const settingsMarker = '/var/lib/knest/settings'

/** What the node had before a change of its settings; only there while it is given others. */
export const beforeSettings = '/var/lib/knest/before-settings'

/** A bash line that prints the digest. */
export const settingsQuestion = `sed -n 's|^.|settings &|p' ${settingsMarker} 2>/dev/null || true
`
