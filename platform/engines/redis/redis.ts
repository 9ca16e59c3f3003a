// Redis (or Valkey) as an engine of Levee's own.

import { writeFile } from 'node:fs/promises'
import type { Engine } from '../engine.ts'
import { ensureRedis, type RedisPrograms } from './install.ts'
import { configFile, configuration, type RedisOptions, redisUrl } from './options.ts'
import { ping } from './ping.ts'

export const redis: Engine<RedisPrograms, RedisOptions> = {
  name: 'redis',
  title: 'Redis',
  variable: 'LEVEE_REDIS_URL',
  /** 0.1 s is usual; a big file of commands is played back first. */
  startTimeout: 30_000,
  standing: { persist: true },
  ensure: say => ensureRedis(say),
  async prepare({ programs, folder, port, passwords, options }) {
    // A file, because every user of the machine can read command lines.
    await writeFile(configFile(folder), configuration(folder, port, passwords, options), { mode: 0o600 })
    return { program: programs.server, args: [configFile(folder)] }
  },
  answers: (port, passwords) => ping(port, passwords.levee),
  isOurs: (line, folder) => line.endsWith(`-server ${configFile(folder)}`),
  urls: (port, passwords) => ({ url: redisUrl(port, passwords) }),
}
