// Finds wrk on this machine, or installs it from Debian's packages.

import { spawn } from 'node:child_process'
import { EngineMissing } from '../../platform/engines/engine-missing.ts'
import { findProgram } from '../../platform/engines/find-program.ts'

/** @throws EngineMissing when it is neither here nor installable. `say` gets a line before long work. */
export async function ensureWrk(say: (line: string) => void): Promise<void> {
  if (findProgram('wrk') !== null) return
  const apt = findProgram('apt-get')
  if (apt !== null && process.getuid?.() === 0) {
    say('wrk is not installed: installing Debian package wrk (once) …')
    const install = ['install', '-y', '-q', '--no-install-recommends', 'wrk']
    // The package list may be missing or old: it is fetched only when installing fails without.
    if ((await run(apt, install)) !== 0) {
      await run(apt, ['update', '-q'])
      await run(apt, install)
    }
    if (findProgram('wrk') !== null) return
  }
  throw new EngineMissing(
    'The bench makes its load with wrk: install it (Debian, Ubuntu: apt-get install wrk).',
  )
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise(resolve => {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
    child.on('error', () => resolve(-1))
    child.on('exit', code => resolve(code ?? -1))
  })
}
