import { userInfo } from 'node:os'

/** Where the user's files are, also where $HOME is empty or not set, as in units and containers. */
export function homeFolder({ HOME = '' }: Readonly<Record<string, string | undefined>>): string {
  if (HOME !== '') return HOME
  try {
    return userInfo().homedir || '/'
  } catch {
    // A user without an entry in the system's list.
    return '/'
  }
}
