// Finds Redis or Valkey on this machine, or installs Redis from Debian's packages.

import type { Say } from '../engine.ts'
import { EngineMissing } from '../engine-missing.ts'
import { canInstall, installPackages, type Machine, thisMachine } from '../machine.ts'

export interface RedisPrograms {
  readonly server: string
}

const ADVICE =
  'Redis is needed and not there: install it (Debian and Ubuntu: `apt-get install redis-server`; Valkey will do as ' +
  'well), or name a running server with LEVEE_REDIS_URL=redis://user:password@host:port.'

/** @throws EngineMissing when it is neither here nor installable. `say` gets a line before long work. */
export async function ensureRedis(say: Say, machine: Machine = thisMachine): Promise<RedisPrograms> {
  const present = findRedis(machine)
  if (present !== null) return present
  if (!canInstall(machine)) throw new EngineMissing(ADVICE)
  say('Redis is not installed: installing Debian package redis-server (some seconds, once) …')
  const installed = await installPackages(machine, 'redis-server')
  const programs = findRedis(machine)
  if (installed && programs !== null) return programs
  throw new EngineMissing(`Debian package redis-server could not be installed. ${ADVICE}`)
}

function findRedis({ find }: Machine): RedisPrograms | null {
  const server = find('redis-server') ?? find('valkey-server')
  return server === null ? null : { server }
}
