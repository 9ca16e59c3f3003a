// Finds MariaDB on this machine, or installs it from Debian's packages.

import type { Say } from '../engine.ts'
import { EngineMissing } from '../engine-missing.ts'
import { canInstall, installPackages, type Machine, thisMachine } from '../machine.ts'

export interface MariadbPrograms {
  readonly server: string
  readonly initialiser: string
}

const ADVICE =
  'MariaDB is needed and not there: install it (Debian and Ubuntu: `apt-get install mariadb-server`), or name a ' +
  'running server with LEVEE_MYSQL_URL=mysql://user:password@host:port/database.'

/** @throws EngineMissing when it is neither here nor installable. `say` gets a line before long work. */
export async function ensureMariadb(say: Say, machine: Machine = thisMachine): Promise<MariadbPrograms> {
  const present = findMariadb(machine)
  if (present !== null) return present
  if (!canInstall(machine)) throw new EngineMissing(ADVICE)
  say('MariaDB is not installed: installing Debian package mariadb-server (about a minute, once) …')
  const installed = await installPackages(machine, 'mariadb-server')
  const programs = findMariadb(machine)
  if (installed && programs !== null) return programs
  throw new EngineMissing(`Debian package mariadb-server could not be installed. ${ADVICE}`)
}

function findMariadb({ find }: Machine): MariadbPrograms | null {
  const server = find('mariadbd')
  const initialiser = find('mariadb-install-db')
  return server === null || initialiser === null ? null : { server, initialiser }
}
