// MariaDB as an engine of Levee's own.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Engine } from '../engine.ts'
import { ensureMariadb, type MariadbPrograms } from './install.ts'
import {
  administratorUrl,
  DEFAULTS,
  dataFolder,
  initFile,
  initSql,
  ledgerUrl,
  type MariadbOptions,
  serverOptions,
  temporaryFolder,
} from './options.ts'
import { ping } from './ping.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0

export const mariadb: Engine<MariadbPrograms, MariadbOptions> = {
  name: 'mariadb',
  title: 'MariaDB',
  variable: 'LEVEE_MYSQL_URL',
  /** 1 s is usual, recovery after a crash on a slow disk takes longer. */
  startTimeout: 60_000,
  standing: {},
  ensure: say => ensureMariadb(say),
  async prepare({ programs, folder, port, passwords, options }) {
    await mkdir(temporaryFolder(folder), { recursive: true, mode: 0o700 })
    await initialise(programs.initialiser, folder)
    await writeFile(initFile(folder), initSql(passwords), { mode: 0o600 })
    const settings = { ...DEFAULTS, extra: [], ...options, folder, port }
    return { program: programs.server, args: serverOptions(settings, isRoot) }
  },
  answers: (port, passwords) => ping(ledgerUrl(port, passwords)),
  started: folder => rm(initFile(folder), { force: true }),
  isOurs: (line, folder) => line.includes('mariadbd') && line.includes(`--datadir=${dataFolder(folder)} `),
  urls: (port, passwords) => ({
    url: ledgerUrl(port, passwords),
    adminUrl: administratorUrl(port, passwords),
  }),
}

/** Makes the data folder once. Renamed into place when complete, so that a broken attempt leaves nothing half done. */
async function initialise(initialiser: string, folder: string): Promise<void> {
  const target = dataFolder(folder)
  if (existsSync(target)) return
  const fresh = `${target}.new`
  await rm(fresh, { recursive: true, force: true })
  await run(initialiser, [
    '--no-defaults',
    `--datadir=${fresh}`,
    `--tmpdir=${temporaryFolder(folder)}`,
    ...(isRoot ? ['--user=root'] : []),
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
  ])
  await rename(fresh, target)
}
