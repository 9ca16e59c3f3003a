// Finds MariaDB on this machine, or installs it from Debian's packages.

import { spawn } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { findProgram } from './find-program.ts'

export interface MariadbPrograms {
  readonly server: string
  readonly initialiser: string
}

/** MariaDB is not here and cannot be put here; the message says what to do. */
export class EngineMissing extends Error {
  override readonly name = 'EngineMissing'
}

/** Asked by Debian's packages before they start a service; 101 means no. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'

export interface Installer {
  find(program: string): string | null
  readonly isRoot: boolean
  /** Runs a program to its end; resolves to its exit code. */
  run(program: string, args: readonly string[]): Promise<number>
}

/** @throws EngineMissing when it is neither here nor installable. `say` gets a line before long work. */
export async function ensureMariadb(
  say: (line: string) => void = () => {},
  installer: Installer = thisMachine,
): Promise<MariadbPrograms> {
  const present = findMariadb(installer)
  if (present !== null) return present
  const apt = installer.find('apt-get')
  if (apt === null || !installer.isRoot) throw new EngineMissing(ADVICE)
  say('MariaDB is not installed: installing Debian package mariadb-server (about a minute, once) …')
  const install = ['install', '-y', '-q', '--no-install-recommends', 'mariadb-server']
  // The package list may be missing or old: it is fetched only when installing fails without.
  const installed =
    (await installer.run(apt, install)) === 0 ||
    ((await installer.run(apt, ['update', '-q'])) === 0 && (await installer.run(apt, install)) === 0)
  const programs = findMariadb(installer)
  if (installed && programs !== null) return programs
  throw new EngineMissing(`Debian package mariadb-server could not be installed. ${ADVICE}`)
}

const ADVICE =
  'MariaDB is needed and not there: install it (Debian and Ubuntu: `apt-get install mariadb-server`), or name a ' +
  'running server with LEVEE_MYSQL_URL=mysql://user:password@host:port/database.'

function findMariadb({ find }: Installer): MariadbPrograms | null {
  const server = find('mariadbd')
  const initialiser = find('mariadb-install-db')
  return server === null || initialiser === null ? null : { server, initialiser }
}

const thisMachine: Installer = {
  find: name => findProgram(name),
  isRoot: process.getuid?.() === 0,
  run: (program, args) =>
    withoutServices(
      () =>
        new Promise(resolve => {
          const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
          const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
          child.on('error', () => resolve(-1))
          child.on('exit', code => resolve(code ?? -1))
        }),
    ),
}

/** The package would start a server of its own for the whole machine; Levee wants only the programs. */
async function withoutServices<T>(work: () => Promise<T>): Promise<T> {
  if (existsSync(SERVICE_POLICY)) return work()
  writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return await work()
  } finally {
    rmSync(SERVICE_POLICY, { force: true })
  }
}
