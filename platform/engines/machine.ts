// What finding and installing an engine ask of the machine.

import { spawn } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { findProgram } from './find-program.ts'

/** Asked by Debian's packages before they start a service; 101 means no. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d'
/** How long a package waits for another installation on this machine to end, seconds. */
const APT_LOCK_WAIT_S = 300

export interface Ran {
  /** -1: it could not be started, or a signal ended it. */
  readonly code: number
  /** What it wrote, to either stream. */
  readonly output: string
}

export interface Machine {
  find(program: string): string | null
  readonly isRoot: boolean
  /** Runs a program to its end. */
  run(program: string, args: readonly string[], folder?: string): Promise<Ran>
  /** Runs Debian's `apt-get` to its end; services of what it installs are not started. Resolves to its exit code. */
  apt(program: string, args: readonly string[]): Promise<number>
}

export const canInstall = (machine: Machine): boolean => machine.isRoot && machine.find('apt-get') !== null

/** Installs Debian packages; false when that failed. Only where `canInstall`. */
export async function installPackages(machine: Machine, ...packages: string[]): Promise<boolean> {
  const apt = machine.find('apt-get')
  if (apt === null) return false
  const lockWait = ['-o', `DPkg::Lock::Timeout=${APT_LOCK_WAIT_S}`]
  const install = ['install', ...lockWait, '-y', '-q', '--no-install-recommends', ...packages]
  if ((await machine.apt(apt, install)) === 0) return true
  // The package list may be missing or old: it is fetched only when installing fails without.
  return (await machine.apt(apt, ['update', '-q'])) === 0 && (await machine.apt(apt, install)) === 0
}

/** Installations of this process, one after the other. */
let installing: Promise<unknown> = Promise.resolve()

export const thisMachine: Machine = {
  find: name => findProgram(name),
  isRoot: process.getuid?.() === 0,
  run: (program, args, folder) => runToEnd(program, args, { ...(folder && { cwd: folder }) }),
  apt(program, args) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const turn = installing.then(() => withoutServices(() => runToEnd(program, args, { env })))
    installing = turn.catch(() => {})
    return turn.then(({ code, output }) => {
      if (code !== 0) process.stderr.write(output)
      return code
    })
  },
}

function runToEnd(program: string, args: readonly string[], more: object): Promise<Ran> {
  return new Promise(resolve => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...more })
    let output = ''
    child.stdout?.on('data', chunk => (output += chunk))
    child.stderr?.on('data', chunk => (output += chunk))
    child.on('error', error => resolve({ code: -1, output: error.message }))
    child.on('close', code => resolve({ code: code ?? -1, output }))
  })
}

/** A package would start a server of its own for the whole machine; Levee wants only the programs. */
async function withoutServices<T>(work: () => Promise<T>): Promise<T> {
  if (existsSync(SERVICE_POLICY)) return work()
  writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    return await work()
  } finally {
    rmSync(SERVICE_POLICY, { force: true })
  }
}
