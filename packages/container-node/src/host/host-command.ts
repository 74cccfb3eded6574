import type { HostTarget } from './types.js'

/** Of the host that is meant where none is named. */
const usualHostName = 'knest-host'

/** A command to type that is about this host and no other. */
export function hostCommand(verb: 'up' | 'down', { name, engine }: HostTarget): string {
  const flags = [
    ...(name === usualHostName ? [] : ['--name', name]),
    ...(engine === undefined ? [] : ['--engine', engine]),
  ]
  return ['knest host', verb, ...flags].join(' ')
}
